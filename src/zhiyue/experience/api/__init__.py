"""The API for programs and for the pages' own beacon. It asks the same selectors and services as the pages."""
