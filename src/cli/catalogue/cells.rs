//! The columns of a catalogue file, and the cells of one row.

/// A column of a CSV file, or a key of a JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// The name of the category, which is created when it is new.
    Category,
    /// The name of the product.
    Name,
    /// Free text.
    Description,
    /// The price of one piece.
    Price,
    /// What is on hand from the start.
    Stock,
    /// The last day on which it can be ordered.
    ExpiryDate,
}

impl Column {
    /// All of them.
    pub(super) const ALL: [Self; 6] =
        [Self::Category, Self::Name, Self::Description, Self::Price, Self::Stock, Self::ExpiryDate];

    /// The word in the file.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Name => "name",
            Self::Description => "description",
            Self::Price => "price",
            Self::Stock => "stock",
            Self::ExpiryDate => "expiry_date",
        }
    }

    /// The column of that word.
    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.as_str() == word)
    }

    /// Whether a file may do without it.
    pub(super) fn is_optional(self) -> bool {
        match self {
            Self::Description | Self::ExpiryDate => true,
            Self::Category | Self::Name | Self::Price | Self::Stock => false,
        }
    }

    /// What may stand in it.
    pub(super) fn allowed(self) -> &'static str {
        match self {
            Self::Category => "1 to 50 characters, no control characters",
            Self::Name => "1 to 100 characters, no control characters",
            Self::Description => "at most 10000 characters, none of them a control character",
            Self::Price => "an amount from 0 to 99999999.99 with at most 2 decimals and a point",
            Self::Stock => "a whole number from 0 to 2147483647",
            Self::ExpiryDate => "a day as YYYY-MM-DD from 0001-01-01 to 9999-12-31, or nothing",
        }
    }

    /// The words of all columns, for messages.
    pub(super) fn words() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

/// The cells of one row. An empty cell and one that is not there are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cells {
    written: [Option<Written>; 6],
}

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// Text, also that of a number.
    Text(String),
    /// Something that no column takes, as it is shown in a message.
    Other(String),
}

impl Cells {
    /// Puts `text` into `column`.
    pub(super) fn set(&mut self, column: Column, text: &str) {
        let text = text.trim();
        self.written[column as usize] = (!text.is_empty()).then(|| Written::Text(text.into()));
    }

    /// Notes that `column` holds something that no column takes.
    pub(super) fn set_other(&mut self, column: Column, shown: String) {
        self.written[column as usize] = Some(Written::Other(shown));
    }

    /// What stands in `column`.
    pub(super) fn get(&self, column: Column) -> Option<&Written> {
        self.written[column as usize].as_ref()
    }
}
