"""What the API says about itself: the operations, their schemas, the OpenAPI document."""
