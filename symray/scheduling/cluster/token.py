"""What is said of Ray's token."""


def token_sentence(address: str, missing: bool) -> str:
    """What to do when a cluster refuses the caller's token."""
    which = "wants a token and got none" if missing else "refuses the token"
    return (
        f"the Ray cluster at {address} {which}: copy the token of its head, ~/.ray/auth_token "
        "there, to the same path here, and set RAY_AUTH_MODE=token"
    )
