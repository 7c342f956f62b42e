//! Which records are about the same vulnerability.
//!
//! Aliases join, transitively; never across two different CVEs. A record that names one CVE belongs to it. A
//! record that names several is evidence for each and joins nothing. A record that names none belongs to
//! whatever CVEs its aliases lead to, over ids that name none themselves; without any, the ids that it is
//! connected to are a group of their own.

use std::collections::HashMap;

use super::read::{MANY, id_hash, read_ids, slots};
use super::wire::{put, put_str};

/// The three sections that hold groups, and the hash table of ids.
pub(crate) struct Groups {
    pub(crate) record_groups: Vec<u8>,
    pub(crate) offsets: Vec<u8>,
    pub(crate) groups: Vec<u8>,
    pub(crate) id_slots: Vec<u8>,
}

fn is_cve(id: &str) -> bool {
    id.starts_with("CVE-")
}

/// CVE, else GHSA, else native; then by name.
fn rank(id: &str) -> (u8, &str) {
    let class = if is_cve(id) {
        0
    } else if id.starts_with("GHSA-") {
        1
    } else {
        2
    };
    (class, id)
}

/// A group while it is made: its ids and its records.
#[derive(Default)]
struct Group {
    ids: Vec<u32>,
    records: Vec<u32>,
}

/// Groups the records, given each one's bytes; `None` for a dead one.
pub(crate) fn group<'a>(count: u32, record: impl Fn(u32) -> Option<&'a [u8]>) -> Groups {
    let mut names: Vec<&'a str> = Vec::new();
    let mut numbers: HashMap<&'a str, u32, super::draft::Fast> = HashMap::default();
    let mut number = |id: &'a str| {
        *numbers.entry(id).or_insert_with(|| {
            names.push(id);
            names.len() as u32 - 1
        })
    };
    // Per record: its own id first, then its aliases.
    let mut named: Vec<Vec<u32>> = Vec::with_capacity(count as usize);
    for index in 0..count {
        let ids = record(index).and_then(read_ids).map(|(id, aliases)| {
            std::iter::once(id)
                .chain(aliases)
                .map(&mut number)
                .collect()
        });
        named.push(ids.unwrap_or_default());
    }
    let cves: Vec<bool> = names.iter().map(|id| is_cve(id)).collect();
    let own: Vec<Vec<u32>> = named
        .iter()
        .map(|ids| {
            let mut found: Vec<u32> = ids
                .iter()
                .copied()
                .filter(|&id| cves[id as usize])
                .collect();
            found.sort_unstable();
            found.dedup();
            found
        })
        .collect();
    // An id that a record claims is placed by that record; the others by who names them.
    let mut direct: Vec<Vec<u32>> = vec![Vec::new(); names.len()];
    for (index, ids) in named.iter().enumerate() {
        if let Some(&id) = ids.first() {
            direct[id as usize].extend(&own[index]);
        }
    }
    let mut claimed = vec![false; names.len()];
    for ids in &named {
        if let Some(&id) = ids.first() {
            claimed[id as usize] = true;
        }
    }
    // Edges between ids over records that name at most one CVE.
    let mut edges: Vec<Vec<u32>> = vec![Vec::new(); names.len()];
    for (index, ids) in named.iter().enumerate() {
        if own[index].len() > 1 {
            continue;
        }
        let Some((&first, rest)) = ids.split_first() else {
            continue;
        };
        for &id in rest {
            edges[first as usize].push(id);
            edges[id as usize].push(first);
        }
        if let [cve] = own[index].as_slice() {
            for &id in ids {
                if !claimed[id as usize] && !cves[id as usize] {
                    direct[id as usize].push(*cve);
                }
            }
        }
    }
    for (id, is) in cves.iter().enumerate() {
        if *is {
            direct[id] = vec![id as u32];
        }
    }
    // Ids without a CVE of their own take those that they lead to over others like them.
    let mut placed: Vec<Vec<u32>> = direct.clone();
    let mut leader: Vec<u32> = (0..names.len() as u32).collect();
    let mut seen = vec![false; names.len()];
    for start in 0..names.len() {
        if seen[start] || !direct[start].is_empty() {
            continue;
        }
        let mut members = vec![start as u32];
        seen[start] = true;
        let mut reached: Vec<u32> = Vec::new();
        let mut next = 0;
        while next < members.len() {
            let id = members[next];
            next += 1;
            for &other in &edges[id as usize] {
                if !direct[other as usize].is_empty() {
                    reached.extend(&direct[other as usize]);
                } else if !seen[other as usize] {
                    seen[other as usize] = true;
                    members.push(other);
                }
            }
        }
        reached.sort_unstable();
        reached.dedup();
        let first = members
            .iter()
            .copied()
            .min_by_key(|&id| rank(names[id as usize]))
            .unwrap_or(start as u32);
        for id in members {
            placed[id as usize].clone_from(&reached);
            leader[id as usize] = first;
        }
    }
    // A group is named by its CVE, or by the leader of its ids.
    let mut by_key: HashMap<u32, usize, super::draft::Fast> = HashMap::default();
    let mut groups: Vec<Group> = Vec::new();
    let mut home = |key: u32, groups: &mut Vec<Group>| {
        *by_key.entry(key).or_insert_with(|| {
            groups.push(Group::default());
            groups.len() - 1
        })
    };
    let mut of_record: Vec<Vec<u32>> = Vec::with_capacity(named.len());
    for (index, ids) in named.iter().enumerate() {
        let Some(&id) = ids.first() else {
            of_record.push(Vec::new());
            continue;
        };
        let keys: &[u32] = if own[index].is_empty() {
            &placed[id as usize]
        } else {
            &own[index]
        };
        let fallback = [leader[id as usize]];
        let keys = if keys.is_empty() { &fallback[..] } else { keys };
        of_record.push(
            keys.iter()
                .map(|&key| home(key, &mut groups) as u32)
                .collect(),
        );
    }
    for (id, keys) in placed.iter().enumerate() {
        let fallback = [leader[id]];
        let mut keys: Vec<u32> = if keys.is_empty() {
            fallback.to_vec()
        } else {
            keys.clone()
        };
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            // An id that only a record with several CVEs names leads nowhere: it gets no group of its own.
            if let Some(&at) = by_key.get(&key) {
                groups[at].ids.push(id as u32);
            }
        }
    }
    for (index, homes) in of_record.iter().enumerate() {
        for &at in homes {
            groups[at as usize].records.push(index as u32);
        }
    }
    write(&names, &groups, &of_record)
}

fn write(names: &[&str], groups: &[Group], of_record: &[Vec<u32>]) -> Groups {
    let mut bytes = Vec::new();
    let mut offsets = Vec::with_capacity((groups.len() + 1) * 4);
    let mut ids_of: Vec<(u64, u32)> = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        offsets.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        let mut ids: Vec<&str> = group.ids.iter().map(|&id| names[id as usize]).collect();
        ids.sort_unstable_by_key(|id| rank(id));
        ids.dedup();
        ids_of.extend(ids.iter().map(|id| (id_hash(id), number as u32)));
        let (first, rest) = ids
            .split_first()
            .map_or(("", &[][..]), |(first, rest)| (*first, rest));
        put_str(&mut bytes, first);
        let mut rest = rest.to_vec();
        rest.sort_unstable();
        put(&mut bytes, rest.len() as u64);
        for id in rest {
            put_str(&mut bytes, id);
        }
        put(&mut bytes, group.records.len() as u64);
        let mut last = 0;
        for &record in &group.records {
            put(&mut bytes, u64::from(record - last));
            last = record;
        }
    }
    offsets.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    let mut record_groups = vec![0u32; of_record.len()];
    let mut many = Vec::new();
    for (record, homes) in of_record.iter().enumerate() {
        record_groups[record] = match homes.as_slice() {
            // A dead record is never asked for.
            [] => 0,
            [one] => *one,
            homes => {
                let at = of_record.len() + many.len();
                many.push(homes.len() as u32);
                many.extend(homes);
                MANY | at as u32
            }
        };
    }
    record_groups.extend(many);
    Groups {
        record_groups: record_groups
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect(),
        offsets,
        groups: bytes,
        id_slots: slots(&ids_of),
    }
}
