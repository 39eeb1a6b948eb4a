//! Certificate and key of the server, which can be read again while it serves.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::config::Tls;

/// Certificate and key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read as PEM, or does not hold what it should.
    #[error("{} holds no {what} in PEM that can be read: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// Why, without what is in it.
        cause: String,
    },
    /// They do not go together, or are of a kind that is not known.
    #[error("the certificate {} and the key {} cannot be used: {cause}", certificate.display(), key.display())]
    Pair {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// Why.
        cause: rustls::Error,
    },
}

/// The certificate in use. Clones share it.
#[derive(Clone)]
pub(super) struct Certificate {
    chain_file: PathBuf,
    key_file: PathBuf,
    current: Arc<Current>,
}

#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl Certificate {
    /// Reads the files that the settings name; `None` where they name none.
    pub(super) fn load(settings: &Tls) -> Result<Option<Self>, TlsError> {
        let (Some(certificate), Some(key)) = (settings.certificate.clone(), settings.key.clone()) else {
            return Ok(None);
        };
        let current = Arc::new(Current(ArcSwap::from_pointee(read(&certificate, &key)?)));
        Ok(Some(Self { chain_file: certificate, key_file: key, current }))
    }

    /// Reads the files again, for connections from now on.
    pub(super) fn reload(&self) -> Result<(), TlsError> {
        self.current.0.store(Arc::new(read(&self.chain_file, &self.key_file)?));
        Ok(())
    }

    /// What the server needs to know.
    pub(super) fn config(&self) -> Result<ServerConfig, TlsError> {
        let config = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let config = config.map_err(|cause| pair_error(&self.chain_file, &self.key_file, cause))?;
        Ok(config.with_no_client_auth().with_cert_resolver(self.current.clone()))
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate").field(&self.chain_file).finish()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn pair_error(certificate: &Path, key: &Path, cause: rustls::Error) -> TlsError {
    TlsError::Pair { certificate: certificate.into(), key: key.into(), cause }
}

fn read(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let file_error = |path: &Path, what, cause: String| TlsError::File { path: path.into(), what, cause };
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| file_error(certificate, "certificate", error.to_string()))?;
    if chain.is_empty() {
        return Err(file_error(certificate, "certificate", "there is none in it".into()));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| file_error(key, "key", error.to_string()))?;
    // Also says when the key is of another certificate.
    CertifiedKey::from_der(chain, secret, &provider()).map_err(|cause| pair_error(certificate, key, cause))
}
