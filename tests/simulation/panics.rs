//! Panics on the thread of a run: the engine contains them, so that a run has to be told of them.

use std::cell::RefCell;
use std::panic;
use std::sync::Once;

thread_local! {
    static SEEN: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Notes panics of this thread from now on, instead of printing them.
pub(crate) fn watch() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let noted = SEEN.with_borrow_mut(|seen| seen.as_mut().map(|seen| seen.push(info.to_string())).is_some());
            if !noted {
                print(info);
            }
        }));
    });
    SEEN.set(Some(Vec::new()));
}

/// The first panic that nobody took yet.
pub(crate) fn take() -> Option<String> {
    SEEN.with_borrow_mut(|seen| seen.as_mut().and_then(|seen| seen.drain(..).next()))
}
