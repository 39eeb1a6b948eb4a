//! Where the process listens, where its data lies, and in which zone its days begin.

use std::net::SocketAddr;
use std::path::PathBuf;

use chrono_tz::Tz;

use super::section::section;
use super::value::Access;

section! {
    /// The settings that stand in no section.
    General {
        /// Where the REST API listens. Port 0 takes a free one.
        listen: SocketAddr = Address("127.0.0.1:8080") in "PACKHORSE_LISTEN";
        /// The data directory: journal and store. Made at the first start; one process at a time.
        data_dir: PathBuf = Path("./data-dir") in "PACKHORSE_DATA_DIR";
        /// The zone of times on the wire, and of the day on which a product expires.
        time_zone: Tz = Zone("Asia/Dhaka") in "PACKHORSE_TIME_ZONE";
        /// Who is let in: `required` asks for a key or session; `open` does once there is a user or key, and starts without one on a loopback address only; `insecure-open` starts without one anywhere.
        access: Access = Word("open") in "PACKHORSE_ACCESS";
    }
}
