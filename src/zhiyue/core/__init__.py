"""The ground floor: kit, jobs, accounts. It knows no product."""
