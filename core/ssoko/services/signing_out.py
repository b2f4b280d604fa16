"""End what lets a person in: their sessions and unused links."""

from ssoko.store.models import OneTimeLink, Session


def sign_out_everywhere(user_id: str, *, now: int, keep: str | None = None) -> int:
    """End a person's sessions and links, inside the caller's transaction; return how many ended.

    :param keep: id or handle of a session that goes on.
    """
    ended = Session.update(ended_at=now).where(
        Session.user == user_id,
        Session.ended_at.is_null(),
        Session.id != (keep or ""),
        Session.handle != (keep or ""),
    )
    OneTimeLink.delete().where(OneTimeLink.user == user_id, OneTimeLink.used_at.is_null()).execute()
    return int(ended.execute())
