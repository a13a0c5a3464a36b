"""One file per page; each has `routes: list[BaseRoute]`, collected in `portal.routes`."""
