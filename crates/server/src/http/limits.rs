//! How often somebody may ask: so many times a minute, with a burst on top, for each client address or name.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde::Deserialize;

use super::problem::Problem;

/// The most keys that a limiter remembers; about 8 MiB.
const MOST_KEYS: usize = 1 << 16;

/// A rate. A value of 0 counts as 1.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How many a minute, over time.
    pub per_minute: u32,
    /// How many at once.
    pub burst: u32,
}

impl Rate {
    fn quota(self) -> (Quota, Duration) {
        let per_minute = NonZeroU32::new(self.per_minute).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(self.burst).unwrap_or(NonZeroU32::MIN);
        let period = Duration::from_mins(1) / per_minute.get();
        let quota = Quota::per_minute(per_minute).allow_burst(burst);
        (quota, period.saturating_mul(burst.get()))
    }
}

/// Whom a limiter counts.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
enum Key {
    Address(IpAddr),
    /// The hash of a name, keyed at random: no memory for long names, and nobody can choose a collision.
    Name(u64),
}

struct Bucket {
    limiter: DefaultDirectRateLimiter,
    used: Instant,
}

/// Lets each client through so often. Its memory is bounded: when it is full it forgets who is back at a full burst,
/// and if nobody is, those that were quiet for longest. It never locks somebody out because others are many.
pub struct Limiter {
    quota: Quota,
    /// How long somebody is quiet until the whole burst is there again.
    recovery: Duration,
    most: usize,
    names: RandomState,
    buckets: Mutex<HashMap<Key, Bucket>>,
    clock: DefaultClock,
}

impl fmt::Debug for Limiter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Limiter")
            .field("quota", &self.quota)
            .finish_non_exhaustive()
    }
}

impl Limiter {
    /// A limiter at this rate.
    pub fn new(rate: Rate) -> Self {
        Self::with_most(rate, MOST_KEYS)
    }

    fn with_most(rate: Rate, most: usize) -> Self {
        let (quota, recovery) = rate.quota();
        Self {
            quota,
            recovery,
            most: most.max(1),
            names: RandomState::new(),
            buckets: Mutex::new(HashMap::new()),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request of this address; refuses it with 429 when there were too many. An IPv6 address counts with its
    /// whole /64, which is what one subscriber has.
    pub fn check_address(&self, address: IpAddr) -> Result<(), Problem> {
        self.check(Key::Address(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(six) => {
                let network = six.to_bits() & (u128::MAX << 64);
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
        }))
    }

    /// Counts a request for this name, for example an account that somebody wants to sign in to.
    pub fn check_name(&self, name: &str) -> Result<(), Problem> {
        self.check(Key::Name(self.names.hash_one(name)))
    }

    fn check(&self, key: Key) -> Result<(), Problem> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if buckets.len() >= self.most && !buckets.contains_key(&key) {
            self.forget(&mut buckets, now);
        }
        let bucket = buckets.entry(key).or_insert_with(|| Bucket {
            limiter: RateLimiter::direct(self.quota),
            used: now,
        });
        bucket.used = now;
        bucket.limiter.check().map_err(|refusal| {
            let wait = refusal.wait_time_from(self.clock.now());
            Problem::too_many(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
        })
    }

    /// Makes room for at least an eighth of the keys, so that it is not needed again soon.
    fn forget(&self, buckets: &mut HashMap<Key, Bucket>, now: Instant) {
        buckets.retain(|_, bucket| now.duration_since(bucket.used) < self.recovery);
        let keep = self.most - (self.most / 8).max(1);
        if buckets.len() > keep {
            let mut used: Vec<Instant> = buckets.values().map(|bucket| bucket.used).collect();
            let surplus = used.len() - keep;
            let (_, oldest, _) = used.select_nth_unstable(surplus - 1);
            let oldest = *oldest;
            let mut left = surplus;
            buckets.retain(|_, bucket| {
                let goes = left > 0 && bucket.used <= oldest;
                left -= usize::from(goes);
                !goes
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(most: usize) -> Limiter {
        Limiter::with_most(
            Rate {
                per_minute: 2,
                burst: 3,
            },
            most,
        )
    }

    #[test]
    fn after_the_burst_it_says_when_to_come_back() {
        let limiter = limiter(10);
        let address = "192.0.2.1".parse().unwrap();
        for _ in 0..3 {
            limiter.check_address(address).unwrap();
        }
        let problem = limiter.check_address(address).unwrap_err();
        assert_eq!(problem.status(), 429);
        let hint = problem.document().hint.clone().unwrap();
        assert!(hint.contains("30 s"), "{hint}");
        limiter.check_address("192.0.2.2".parse().unwrap()).unwrap();
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_client() {
        let limiter = limiter(10);
        for host in 1..=3 {
            let address = format!("2001:db8:0:1::{host}").parse().unwrap();
            limiter.check_address(address).unwrap();
        }
        assert!(
            limiter
                .check_address("2001:db8:0:1:ffff::9".parse().unwrap())
                .is_err()
        );
        limiter
            .check_address("2001:db8:0:2::1".parse().unwrap())
            .unwrap();
    }

    #[test]
    fn names_are_counted_apart() {
        let limiter = limiter(10);
        for _ in 0..3 {
            limiter.check_name("mara").unwrap();
        }
        assert!(limiter.check_name("mara").is_err());
        limiter.check_name("ola").unwrap();
    }

    #[test]
    fn memory_is_bounded_and_nobody_is_locked_out() {
        let limiter = limiter(64);
        for n in 0..5_000_u32 {
            limiter.check_address(IpAddr::V4(n.into())).unwrap();
            assert!(limiter.buckets.lock().unwrap().len() <= 64);
        }
        // The one that came last is remembered.
        let last = IpAddr::V4(4_999.into());
        limiter.check_address(last).unwrap();
        limiter.check_address(last).unwrap();
        assert!(limiter.check_address(last).is_err());
    }
}
