//! What the API says of a field, in the words of the console: programs get the API's own texts, people these.

use crate::access::Refusal;
use crate::actors::Failure;
use crate::web::error::{KEY_REUSED, KEYS_FULL, sentence};

/// What is said to who was signed in and is no longer.
pub(super) const SIGNED_OUT: &str = "You are signed out. Nothing was saved. Sign in, then do it again.";

/// What is said where the engine takes nothing more. Why is in its log, for whoever runs it.
const STOPPED: &str = "The engine has stopped. Tell whoever runs the server.";
/// What is said where a fault came between.
const INTERRUPTED: &str =
    "A fault came between, and it may have been done. Look whether it was before you do it again.";

/// What is said where a form or a file comes too slowly.
pub(super) const TOO_SLOW: &str = "It did not arrive in time. Nothing was saved: send it again.";

/// What is said of a form that comes a second time and says something else than at first, as after going back to it.
const SENT_BEFORE: &str = "This form was sent before, and what it said then was done. Nothing was done now. To do what it says \
    now as well, send it again.";

/// What is said of `field` (`customer_email`, `items.0.quantity`) where the API says `text`.
pub(super) fn plain(field: &str, text: &str) -> String {
    let (name, what) = (last(field), called(last(field)));
    let within = |start: &str, end: &str| text.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
    if let Some(number) = within("Invalid pk \"", "\" - object does not exist.") {
        return format!("There is no {} {number}.", if name == "category_id" { "category" } else { "product" });
    }
    if text.starts_with("Incorrect type. Expected pk value") || text.starts_with("Give the number that stands in") {
        return format!(
            "Give the number of the {}.",
            if name.starts_with("category") { "category" } else { "product" }
        );
    }
    if let Some(number) = within("Ensure this value is greater than or equal to ", ".") {
        return format!("{what} must be {number} or more.");
    }
    if let Some(number) = within("Ensure this value is less than or equal to ", ".") {
        return format!("{what} must be {number} or less.");
    }
    if let Some(count) = within("Ensure this field has no more than ", " characters.") {
        return format!("{what} may have at most {count} characters.");
    }
    if let Some(rest) = text.strip_prefix("Ensure that there are no more than ") {
        return format!("{what} may have at most {rest}");
    }
    if text.starts_with("Date has wrong format.") {
        return "Give a date such as 2026-11-28.".to_owned();
    }
    match text {
        "This field may not be blank." | "This field is required." | "This field may not be null." => {
            if name == "reason" { "Give a reason.".to_owned() } else { format!("{what} is missing.") }
        }
        "This list may not be empty." => "Add at least one product.".to_owned(),
        "A valid integer is required." => format!("{what} must be a whole number."),
        "A valid number is required." => format!("{what} must be a number such as 12.50."),
        "category with this name already exists." => "There is already a category with this name.".to_owned(),
        _ => whole(text),
    }
}

/// What is said as a whole where the API says `text`.
pub(super) fn whole(text: &str) -> String {
    if let Some((order, rest)) = text.split_once(" and cannot become ")
        && let Some((to, rest)) = rest.split_once('.')
    {
        let is_there = order.ends_with(&format!(" is {to}"));
        let order = if is_there { order.replacen(" is ", " is already ", 1) } else { order.to_owned() };
        return if is_there { format!("{order}.") } else { format!("{order} and cannot be changed to {to}.{rest}") };
    }
    if text.starts_with("Product ") && text.contains(" is named by orders") {
        return "This product is part of orders, so it cannot be deleted. Archive it instead.".to_owned();
    }
    if text == KEY_REUSED {
        return SENT_BEFORE.to_owned();
    }
    if text == Refusal::Unknown.to_string() {
        return SIGNED_OUT.to_owned();
    }
    if text == KEYS_FULL {
        return NO_MORE_KEPT.to_owned();
    }
    if text.starts_with("The request was interrupted by a fault") {
        return INTERRUPTED.to_owned();
    }
    if text.starts_with("The body did not arrive within ") {
        return TOO_SLOW.to_owned();
    }
    text.to_owned()
}

/// What somebody reads of whose forms no more can be kept apart.
const NO_MORE_KEPT: &str = "Nothing was saved: of each form and each row that you send the server remembers for a \
    while that it was sent, so that none counts twice, and it can remember no more of yours now. Try again later, or ask \
    whoever runs the server for more room (retention.idempotency_keys_max).";

/// Why a command was not carried out, or may not have been.
pub(super) fn failed<R: std::error::Error + 'static>(failure: &Failure<R>) -> String {
    match failure {
        Failure::Stopped(_) => STOPPED.to_owned(),
        Failure::Interrupted => INTERRUPTED.to_owned(),
        Failure::KeysFull { .. } => NO_MORE_KEPT.to_owned(),
        Failure::Rejected(_)
        | Failure::Busy { .. }
        | Failure::NoSpace { .. }
        | Failure::KeyReused
        | Failure::Archive(_) => sentence(failure),
    }
}

/// What stands before the text about `field` where there is no field to put it beside.
pub(super) fn label(field: &str) -> String {
    let line = field.strip_prefix("items.").and_then(|rest| rest.split_once('.')).and_then(|(at, _)| at.parse().ok());
    match line {
        Some(at) => {
            let at: usize = at;
            format!("Line {}, {}", at + 1, called(last(field)).to_lowercase())
        }
        None => called(last(field)),
    }
}

/// What stands before a field that decides what is done with a form, where it is sent again.
pub(super) fn decided(field: &str) -> String {
    match field {
        "to" => "New status".to_owned(),
        "id" => "Orders".to_owned(),
        "do" => "Change".to_owned(),
        "run" => "Carried out at once".to_owned(),
        _ => called(field),
    }
}

fn last(field: &str) -> &str {
    field.rsplit('.').next().unwrap_or(field)
}

fn called(name: &str) -> String {
    let called = match name {
        "customer_name" | "name" => "Name",
        "customer_email" => "E-mail",
        "customer_phone" => "Phone",
        "delivery_address" => "Address",
        "product_id" => "Product",
        "category_id" => "Category",
        "from" => "Placed from",
        "to" => "Placed to",
        "expected" => "The quantity on hand that you saw",
        "delta" | "set" | "amount" => "Quantity",
        "stock" => "On hand",
        "expiry_date" => "Last day for orders",
        "items" => "Items",
        other => {
            let mut text = other.replace('_', " ");
            if let Some(first) = text.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            return text;
        }
    };
    called.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_the_api_gets_to_a_clerk() {
        let check = |field: &str, text: &str, plainly: &str| assert_eq!(plain(field, text), plainly);
        check("items.0.product_id", "Invalid pk \"9999\" - object does not exist.", "There is no product 9999.");
        check("category_id", "Invalid pk \"7\" - object does not exist.", "There is no category 7.");
        check("items.1.quantity", "A valid integer is required.", "Quantity must be a whole number.");
        check("items.1.quantity", "Ensure this value is greater than or equal to 1.", "Quantity must be 1 or more.");
        check("items", "This list may not be empty.", "Add at least one product.");
        check("reason", "This field may not be blank.", "Give a reason.");
        check("customer_name", "This field may not be blank.", "Name is missing.");
        check("price", "A valid number is required.", "Price must be a number such as 12.50.");
        check("product", "Give the number that stands in the field id.", "Give the number of the product.");
        check("customer_email", "Enter a valid email address.", "Enter a valid email address.");
        assert_eq!(label("items.2.product_id"), "Line 3, product");
        assert_eq!(label("from"), "Placed from");
    }

    #[test]
    fn what_an_order_cannot_become_is_said_plainly() {
        let same = "Order 3 is processing and cannot become processing. It can become shipped.";
        assert_eq!(whole(same), "Order 3 is already processing.");
        let ended = "Order 2 is cancelled and cannot become pending. It has ended; no transition is possible.";
        let text = "Order 2 is cancelled and cannot be changed to pending. It has ended; no transition is possible.";
        assert_eq!(whole(ended), text);
    }
}
