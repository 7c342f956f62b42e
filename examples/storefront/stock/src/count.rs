//! Counting what is on the shelves.

use std::collections::BTreeMap;

use chrono::{DateTime, Local};
use smallvec::SmallVec;

/// One delivery or sale.
struct Move {
    at: DateTime<Local>,
    amount: i64,
}

/// The moves of each product; most have only a few.
#[derive(Default)]
pub struct Stock {
    moves: BTreeMap<String, SmallVec<[Move; 4]>>,
}

impl Stock {
    /// Book a delivery.
    pub fn received(&mut self, sku: &str, amount: u32) {
        self.book(sku, i64::from(amount));
    }

    /// Book a sale; false if there is not enough left.
    pub fn sold(&mut self, sku: &str, amount: u32) -> bool {
        let amount = i64::from(amount);
        match self.left(sku) {
            Some(left) if left >= amount => {
                self.book(sku, -amount);
                true
            }
            _ => false,
        }
    }

    /// How many are left, or None for a product that was never in stock.
    pub fn left(&self, sku: &str) -> Option<i64> {
        let moves = self.moves.get(sku)?;
        Some(moves.iter().map(|m| m.amount).sum())
    }

    /// When the product last moved.
    pub fn last_move(&self, sku: &str) -> Option<DateTime<Local>> {
        self.moves.get(sku)?.last().map(|m| m.at)
    }

    fn book(&mut self, sku: &str, amount: i64) {
        let at = Local::now();
        self.moves
            .entry(sku.to_owned())
            .or_default()
            .push(Move { at, amount });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sells_only_what_is_there() {
        let _ = env_logger::builder().is_test(true).try_init();
        let mut stock = Stock::default();
        stock.received("TEA-1", 3);
        assert!(stock.sold("TEA-1", 2));
        assert!(!stock.sold("TEA-1", 2));
        assert_eq!(stock.left("TEA-1"), Some(1));
        assert!(stock.last_move("TEA-1").is_some());
    }
}
