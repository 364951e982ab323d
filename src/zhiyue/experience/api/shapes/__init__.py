"""What goes in and out of the API, as serializers; they check form, services check meaning."""
