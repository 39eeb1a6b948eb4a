//! What the server says of its products and orders.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::wire::{Caller, Connection, Reply};

/// A connection for questions.
#[derive(Debug)]
pub(super) struct Server {
    connection: Connection,
    headers: String,
}

/// What the server holds at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    /// Its products, by id.
    pub(super) products: BTreeMap<u64, Product>,
    /// The newest order that it lists; 0 when there is none.
    pub(super) order_newest: u64,
}

/// A product, as far as it matters here.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Product {
    id: u64,
    archived: bool,
    /// Pieces in the house.
    pub(super) on_hand: u64,
    /// Pieces of them that orders hold.
    pub(super) reserved: u64,
}

#[derive(Debug, Deserialize)]
struct Order {
    id: u64,
}

impl Product {
    /// Pieces that can be ordered.
    pub(super) fn available(self) -> u64 {
        self.on_hand.saturating_sub(self.reserved)
    }
}

impl Snapshot {
    /// The products to order: all with stock, or only `wanted`.
    pub(super) fn orderable(&self, wanted: Option<u64>) -> anyhow::Result<Vec<u64>> {
        let is_orderable = |product: &&Product| !product.archived && product.available() > 0;
        let is_wanted = |product: &&Product| wanted.is_none_or(|wanted| wanted == product.id);
        let found: Vec<_> =
            self.products.values().filter(is_wanted).filter(is_orderable).map(|product| product.id).collect();
        match wanted {
            Some(id) => anyhow::ensure!(!found.is_empty(), "nothing of product {id} can be ordered"),
            None => anyhow::ensure!(!found.is_empty(), "no product has stock; import a catalogue first"),
        }
        Ok(found)
    }
}

impl Server {
    /// Connects to `address` as `caller`.
    pub(super) async fn connect(address: SocketAddr, caller: &Caller) -> io::Result<Self> {
        Ok(Self { connection: Connection::open(address).await?, headers: caller.headers() })
    }

    /// Reads products and the newest order.
    pub(super) async fn snapshot(&mut self) -> io::Result<Snapshot> {
        let mut products = BTreeMap::new();
        let mut next = Some("/api/inventory/products/".to_owned());
        while let Some(path) = next {
            let reply = self.ask(&path).await?.ok_or_else(|| missing(&path))?;
            let page: Vec<Product> = serde_json::from_slice(reply.body)?;
            products.extend(page.into_iter().map(|product| (product.id, product)));
            next = reply.next;
        }
        let newest: Vec<Order> = self.required("/api/inventory/orders/?limit=1").await?;
        Ok(Snapshot { products, order_newest: newest.first().map_or(0, |order| order.id) })
    }

    /// Asks for each of `ids`, and says which of them the server does not show.
    pub(super) async fn missing(&mut self, ids: &[u64]) -> io::Result<Vec<String>> {
        let mut missing = Vec::new();
        for id in ids {
            let found: Option<Order> = self.get(&format!("/api/inventory/orders/{id}/")).await?;
            if found.is_none_or(|order| order.id != *id) {
                missing.push(format!("order {id} was acknowledged, but the server does not show it"));
            }
        }
        Ok(missing)
    }

    async fn required<T: DeserializeOwned>(&mut self, path: &str) -> io::Result<T> {
        let found = self.get(path).await?;
        found.ok_or_else(|| missing(path))
    }

    /// Reads what is at `path`; nothing where the server says that there is nothing.
    async fn get<T: DeserializeOwned>(&mut self, path: &str) -> io::Result<Option<T>> {
        let reply = self.ask(path).await?;
        Ok(reply.map(|reply| serde_json::from_slice(reply.body)).transpose()?)
    }

    /// The answer to a GET of `path`; nothing where the server says that there is nothing.
    async fn ask(&mut self, path: &str) -> io::Result<Option<Reply<'_>>> {
        let request = format!("GET {path} HTTP/1.1\r\n{}\r\n", self.headers);
        let reply = self.connection.exchange(request.as_bytes()).await?;
        match reply.status {
            200 => Ok(Some(reply)),
            404 => Ok(None),
            401 | 403 => Err(io::Error::other(format!(
                "GET {path} answered {}: put the API key of an operator into PACKHORSE_KEY",
                reply.status
            ))),
            status => Err(io::Error::other(format!("GET {path} answered {status}"))),
        }
    }
}

fn missing(path: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("GET {path} answered 404"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(products: &[(u64, bool, u64, u64)]) -> Snapshot {
        let product = |&(id, archived, on_hand, reserved)| (id, Product { id, archived, on_hand, reserved });
        Snapshot { products: products.iter().map(product).collect(), order_newest: 0 }
    }

    #[test]
    fn orders_what_has_stock() {
        let snapshot = snapshot(&[(1, false, 5, 0), (2, true, 5, 0), (3, false, 5, 5), (4, false, 1, 0)]);
        assert_eq!(snapshot.orderable(None).unwrap(), [1, 4]);
        assert_eq!(snapshot.orderable(Some(4)).unwrap(), [4]);
        for wanted in [2, 3, 9] {
            assert!(snapshot.orderable(Some(wanted)).is_err(), "{wanted}");
        }
        assert!(Snapshot::default().orderable(None).is_err());
    }

    #[test]
    fn reads_a_product_of_the_api() {
        let text = r#"{"id":1,"name":"Phone","stock":8,"archived":false,"on_hand":10,"reserved":2}"#;
        let product: Product = serde_json::from_str(text).unwrap();
        assert_eq!((product.id, product.available()), (1, 8));
    }
}
