//! Fan-out: the rows of one reading go to many outputs.
//!
//! Outputs form *sets*, and in each set the first output whose rule holds for a row takes it. So
//! the labels of a service are one set, in which every play goes to one label, and each society
//! that gets everything is a set of its own.
//!
//! Deals divide by what the whole service counted. Plays are counted by context key while they are
//! routed, once for each period and threshold that an agreement asks for, and each agreement then
//! places the keys in its own sales contexts.
//!
//! Invariant: what was read is what was routed, rejected or filtered; what the outputs of a set
//! have read and what none of them took is together what was routed (`balance`). Nothing appears
//! before this holds for all sets.
//!
//! | module | does |
//! |---|---|
//! | `router` | routes rows by what their cells say |
//! | `service_totals` | what the whole service counted |
//! | `balance` | whether every routed row is accounted for |

pub(crate) mod balance;
mod router;
mod service_totals;

pub use balance::SetOutcome;
pub(crate) use router::take_rows;
pub(crate) use service_totals::{ServiceView, UserPlayObserver};

use crate::aggregate::row_keys::KeyedRows;
use crate::filter::route_rule::RouteRule;
use router::{Router, SetRule, Unrouted};
use service_totals::{ServiceCounter, ServicePlays};
use transpose_core::accounting::Amounts;
use transpose_core::diagnostics::Fatal;
use transpose_core::format::EventDecoder;
use transpose_core::model::Field;
use transpose_core::terms::{ServiceTotal, Terms};

/// Which rows go where, and what of the whole service is counted on the way.
pub(crate) struct Routing<'a> {
    /// The names of the sets, in the order of their first outputs.
    sets: Vec<&'a str>,
    /// For each output its set and rule.
    routes: Vec<SetRule<'a>>,
    /// The cells that decide.
    fields: Vec<Field>,
    /// Which plays of the service agreements ask for, each once.
    views: Vec<ServiceView>,
}

impl<'a> Routing<'a> {
    /// A routing to outputs with these sets and rules; `views` may hold the same view several
    /// times.
    pub(crate) fn new(
        routes: impl Iterator<Item = (&'a str, &'a RouteRule)>,
        views: impl Iterator<Item = ServiceView>,
        sells: bool,
    ) -> Self {
        let mut sets: Vec<&str> = Vec::new();
        let routes = routes.map(|(name, rule)| {
            let set = sets.iter().position(|known| *known == name).unwrap_or_else(|| {
                sets.push(name);
                sets.len() - 1
            });
            SetRule { set, rule }
        });
        let routes: Vec<SetRule<'_>> = routes.collect();
        let fields = router::fields(&routes, sells);
        let mut distinct: Vec<ServiceView> = Vec::new();
        for view in views {
            if !distinct.contains(&view) {
                distinct.push(view);
            }
        }
        Self { sets, routes, fields, views: distinct }
    }

    /// The cells of each row that decide where it goes, in the order in which they come first.
    pub(crate) fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Whether periods decide what is counted of the service.
    pub(crate) fn looks_at_times(&self) -> bool {
        self.views.iter().any(|view| view.period.is_some())
    }

    /// What a worker needs to route the rows of an input; `user` is the cell that names the user,
    /// `duration` that of the duration, where one that is missing qualifies.
    pub(crate) fn worker<'b>(
        &'b self,
        decoder: &'b dyn EventDecoder,
        observers: &'b [UserPlayObserver<'b>],
        user: Option<usize>,
        duration: Option<usize>,
    ) -> RoutingWorker<'b> {
        RoutingWorker {
            router: Router::new(decoder, &self.routes, self.sets.len(), &self.fields),
            service: ServiceCounter::new(&self.views, observers, decoder, user, duration),
        }
    }

    /// What an agreement that asks for a view calls what the service counted.
    pub(crate) fn service_totals(
        &self,
        totals: &RoutedTotals,
        view: &ServiceView,
        terms: &dyn Terms,
    ) -> Option<Vec<ServiceTotal>> {
        let view = self.views.iter().position(|known| known == view)?;
        Some(service_totals::service_totals(&totals.service, view, &self.views, terms))
    }
}

/// One worker's part in routing the rows of one input.
pub(crate) struct RoutingWorker<'a> {
    router: Router<'a>,
    service: ServiceCounter<'a>,
}

impl RoutingWorker<'_> {
    /// Routes the rows of a chunk; answers for each output the numbers of its rows.
    pub(crate) fn route(&mut self, rows: KeyedRows<'_>) -> Result<&[Vec<u32>], Fatal> {
        self.service.count(rows)?;
        self.router.route(rows.events, rows.bytes)
    }
}

/// What was routed of all inputs.
#[derive(Default)]
pub(crate) struct RoutedTotals {
    pub(crate) routed: Amounts,
    pub(crate) unrouted: Unrouted,
    service: ServicePlays,
}

impl RoutedTotals {
    /// Adds what a worker has routed.
    pub(crate) fn add(&mut self, worker: RoutingWorker<'_>) -> Result<(), Fatal> {
        worker.router.close(&mut self.routed, &mut self.unrouted)?;
        worker.service.close(&mut self.service);
        Ok(())
    }
}
