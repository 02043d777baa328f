//! References of a package. FedEx prints four kinds; each may be given once. The shipper's first one stays visible
//! as such, and our handle takes a slot that is left, where the search by account and value finds it: FedEx's search
//! needs no kind when an account is given.

use waybill_core::wire::clip;
use waybill_core::{Handle, Notice, Parcel, Reference, ReferenceKind, Shipment};

use crate::wire::CustomerReference;

const CUSTOMER: &str = "CUSTOMER_REFERENCE";
const DEPARTMENT: &str = "DEPARTMENT_NUMBER";
const ORDER: &str = "P_O_NUMBER";
const INVOICE: &str = "INVOICE_NUMBER";
const RMA: &str = "RMA_ASSOCIATION";

/// Slots for the shipper, then the handle's choice from the end.
const SLOTS: [&str; 4] = [CUSTOMER, ORDER, INVOICE, DEPARTMENT];

/// References of a package, the handle among them.
pub fn of_package(shipment: &Shipment, parcel: &Parcel, handle: &Handle) -> Vec<CustomerReference> {
    let mut taken = shippers(shipment, parcel);
    let slot =
        SLOTS.iter().rev().find(|slot| taken.iter().all(|used| used.customer_reference_type != **slot));
    // `shippers` leaves one slot, so the fallback is never taken.
    let slot = slot.copied().unwrap_or(DEPARTMENT);
    taken.push(CustomerReference { customer_reference_type: slot, value: handle.short() });
    taken
}

/// Says which references found no place.
pub fn notices(shipment: &Shipment, parcel: &Parcel) -> Option<Notice> {
    let all = wanted(shipment, parcel).count();
    let placed = shippers(shipment, parcel).len();
    (placed < all).then(|| {
        Notice::new(
            "references-left-out",
            format!("{} of {all} references found no place on the label", all - placed),
        )
    })
}

fn wanted<'a>(shipment: &'a Shipment, parcel: &'a Parcel) -> impl Iterator<Item = &'a Reference> {
    let given = |reference: &&Reference| !reference.value.trim().is_empty();
    parcel.references.iter().chain(&shipment.references).filter(given)
}

fn shippers(shipment: &Shipment, parcel: &Parcel) -> Vec<CustomerReference> {
    let mut placed: Vec<CustomerReference> = Vec::new();
    for reference in wanted(shipment, parcel) {
        let free = |slot: &str| placed.iter().all(|used| used.customer_reference_type != slot);
        let left = SLOTS.iter().filter(|slot| free(slot)).count();
        let own = match reference.kind {
            ReferenceKind::Invoice => INVOICE,
            ReferenceKind::PurchaseOrder => ORDER,
            ReferenceKind::Department => DEPARTMENT,
            ReferenceKind::Rma if shipment.is_return => RMA,
            _ => CUSTOMER,
        };
        let slot = if free(own) { Some(own) } else { SLOTS.iter().copied().find(|slot| free(slot)) };
        let Some(slot) = slot.filter(|slot| *slot == RMA || left > 1) else { continue };
        let limit = match slot {
            RMA => 20,
            _ => 30,
        };
        let value = clip(reference.value.trim(), limit).to_owned();
        placed.push(CustomerReference { customer_reference_type: slot, value });
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;
    use waybill_core::{Address, Country};

    fn shipment(references: &[(ReferenceKind, &str)]) -> Shipment {
        let place = || Address::new("A", "1 Main St", "Memphis", "TN", "38118", Country::US);
        let parcel = Parcel::new("1lb".parse().unwrap(), None);
        let mut shipment = Shipment::new(place(), place(), vec![parcel]);
        shipment.references =
            references.iter().map(|(kind, value)| Reference::new(kind.clone(), *value)).collect();
        shipment
    }

    fn slots(references: &[(ReferenceKind, &str)]) -> Vec<(&'static str, String)> {
        let handle = Handle(uuid::Uuid::from_u128(7));
        let shipment = shipment(references);
        of_package(&shipment, &shipment.parcels[0], &handle)
            .into_iter()
            .map(|reference| (reference.customer_reference_type, reference.value))
            .collect()
    }

    #[test]
    fn the_first_reference_stays_and_the_handle_takes_what_is_left() {
        let handle = Handle(uuid::Uuid::from_u128(7)).short();
        assert_eq!(slots(&[]), [(DEPARTMENT, handle.clone())]);
        assert_eq!(
            slots(&[(ReferenceKind::Order, "A-1")]),
            [(CUSTOMER, "A-1".into()), (DEPARTMENT, handle.clone())]
        );
        let department = slots(&[(ReferenceKind::Department, "D")]);
        assert_eq!(department, [(DEPARTMENT, "D".into()), (INVOICE, handle.clone())]);
    }

    #[test]
    fn one_slot_is_always_left_for_the_handle() {
        let many: Vec<_> = (0..6).map(|_| (ReferenceKind::Order, "X")).collect();
        let placed = slots(&many);
        assert_eq!(placed.len(), 4);
        assert_eq!(placed[3].0, DEPARTMENT);
        assert!(placed.iter().enumerate().all(|(at, one)| placed[..at].iter().all(|other| other.0 != one.0)));
        let shipment = shipment(&many);
        assert!(notices(&shipment, &shipment.parcels[0]).unwrap().message.starts_with("3 of 6"));
    }
}
