//! Which requirements does RFC 9293 have? (its appendix B)

use super::page::Row;
use super::rule::Place;

/// The families of ids, and the last number of each.
const FAMILIES: [(&str, u8); 4] = [("MUST", 69), ("SHLD", 31), ("MAY", 18), ("REC", 1)];

/// Ids that cover more than one requirement, and how many.
const SEVERAL: [(&str, usize); 6] =
    [("MUST-15", 2), ("MUST-20", 2), ("MUST-46", 2), ("MUST-56", 3), ("MUST-57", 2), ("SHLD-5", 2)];

/// Ids that the page lacks, or has fewer rows of than the RFC.
pub(crate) fn missing(page: &str, rows: &[Row]) -> Vec<Place> {
    let mut places = Vec::new();
    for id in ids() {
        let mut found: Vec<&str> =
            rows.iter().filter(|row| row.base() == id).map(|row| row.id.as_str()).collect();
        found.sort_unstable();
        found.dedup();
        let several = SEVERAL.iter().find(|(one, _)| *one == id);
        let expected = several.map_or(1, |(_, count)| *count);
        if found.len() < expected {
            let what = format!("{id}: {} of {expected} rows", found.len());
            places.push(Place::new(page, 1, what));
        }
    }
    places
}

/// Ids that the RFC does not have, or not so often.
pub(crate) fn unknown(page: &str, rows: &[Row]) -> Vec<Place> {
    let mut places = Vec::new();
    for row in rows {
        let told_apart = row.id != row.base();
        let several = SEVERAL.iter().any(|(id, _)| *id == row.base());
        if !ids().any(|id| id == row.base()) {
            places.push(Place::new(page, row.line, format!("RFC 9293 has no {}", row.id)));
        } else if told_apart && !several {
            let what = format!("{} is one requirement in RFC 9293: `{}`", row.id, row.base());
            places.push(Place::new(page, row.line, what));
        }
    }
    places
}

fn ids() -> impl Iterator<Item = String> {
    FAMILIES.iter().flat_map(|(family, last)| (1..=*last).map(move |n| format!("{family}-{n}")))
}

#[cfg(test)]
mod tests {
    use super::super::page::rows;
    use super::*;

    fn page(skip: &str) -> String {
        let mut text = String::new();
        for id in ids().filter(|id| id != skip) {
            let count = SEVERAL.iter().find(|(one, _)| *one == id).map_or(1, |pair| pair.1);
            for n in 0..count {
                let told_apart = if count > 1 { format!(" ({n})") } else { String::new() };
                text += &format!("| {id}{told_apart} | x | both | `a.rs: b` |\n");
            }
        }
        text
    }

    #[test]
    fn the_rfc_has_119_ids_in_126_rows() {
        assert_eq!(ids().count(), 119);
        let rows = rows(&page(""));
        assert_eq!(rows.len(), 126);
        assert_eq!((missing("x", &rows), unknown("x", &rows)), (vec![], vec![]));
    }

    #[test]
    fn an_id_that_is_missing_or_has_too_few_rows_is_noticed() {
        assert_eq!(missing("x", &rows(&page("MUST-69"))).len(), 1);
        assert_eq!(missing("x", &rows(&page("").replace("| MUST-56 (2) |", "| MAY-1 |"))).len(), 1);
    }

    #[test]
    fn an_id_that_the_rfc_does_not_have_is_noticed() {
        for id in ["MUST-70", "MUST-0", "SHLD-32", "REC-2", "MUST", "MUST-1 (IPv4)"] {
            let row = format!("| {id} | x | both | `a.rs: b` |");
            assert_eq!(unknown("x", &rows(&row)).len(), 1, "{id}");
        }
    }
}
