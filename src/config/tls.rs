//! Encryption.

use std::path::PathBuf;

use super::section::section;

section! {
    /// `[tls]`.
    Tls {
        /// File with the certificate chain (PEM), read again at SIGHUP; `none`: connections are not encrypted.
        certificate: Option<PathBuf> = MaybePath("none") in "PACKHORSE_TLS__CERTIFICATE";
        /// File with the private key of the certificate (PEM), read again at SIGHUP.
        key: Option<PathBuf> = MaybePath("none") in "PACKHORSE_TLS__KEY";
    }
}
