"""Sign-in with QQ (QQ互联), as a provider for django-allauth."""
