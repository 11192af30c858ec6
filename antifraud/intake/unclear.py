"""What was typed cannot be taken as it stands."""


class Unclear(Exception):
    """Nothing, or more than one thing, can be meant; ``code`` says what to mend and the page has the words.

    What was typed is not part of it: it may name a person.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
