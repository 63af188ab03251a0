"""The schema of the facts' journal as numbered steps; a released step never changes."""

SCHEMA: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE facts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT NOT NULL UNIQUE,
            prompt TEXT NOT NULL,
            answer TEXT NOT NULL,
            subject TEXT NOT NULL,
            relation TEXT NOT NULL,
            source TEXT,
            taught_at TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'live'
                CHECK (state IN ('live', 'superseded', 'forgotten')),
            replaces INTEGER REFERENCES facts (id) CHECK (replaces <> id)
        )
        """,
        "CREATE INDEX facts_by_subject ON facts (subject)",
        "CREATE INDEX facts_by_state ON facts (state)",
        "CREATE INDEX facts_by_replaced ON facts (replaces)",
        """
        CREATE TABLE operations (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            payload TEXT NOT NULL
        )
        """,
        """
        CREATE TABLE examinations (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            fact INTEGER NOT NULL REFERENCES facts (id),
            probe TEXT NOT NULL,
            answer TEXT NOT NULL,
            correct INTEGER NOT NULL CHECK (correct IN (0, 1)),
            at TEXT NOT NULL
        )
        """,
        "CREATE INDEX examinations_by_fact ON examinations (fact)",
    ),
    (
        """
        CREATE TABLE rounds (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at TEXT NOT NULL,
            seed INTEGER NOT NULL,
            bare_ms REAL,
            taught_ms REAL
        )
        """,
        # Until now an examination had a time and no round: those of one moment make one.
        "INSERT INTO rounds (at, seed) SELECT DISTINCT at, 0 FROM examinations ORDER BY at",
        "ALTER TABLE examinations ADD COLUMN round INTEGER REFERENCES rounds (id)",
        "UPDATE examinations SET round = (SELECT id FROM rounds WHERE at = examinations.at)",
        "ALTER TABLE examinations ADD COLUMN kind TEXT NOT NULL DEFAULT 'taught'",
        "ALTER TABLE examinations ADD COLUMN margin REAL",
        "CREATE INDEX examinations_by_round ON examinations (round)",
    ),
    (
        "ALTER TABLE facts ADD COLUMN asks TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE facts ADD COLUMN aliases TEXT NOT NULL DEFAULT '[]'",
    ),
    (
        "ALTER TABLE facts ADD COLUMN also INTEGER NOT NULL DEFAULT 0 CHECK (also IN (0, 1))",
        "ALTER TABLE facts ADD COLUMN since TEXT",
        "ALTER TABLE facts ADD COLUMN until TEXT",
        "CREATE TABLE rules (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL UNIQUE)",
    ),
    (
        # Substrings of three letters and more are found without reading every fact.
        """
        CREATE VIRTUAL TABLE texts
            USING fts5(prompt, answer, subject, content='', tokenize='trigram')
        """,
        """
        CREATE TRIGGER texts_of_new AFTER INSERT ON facts BEGIN
            INSERT INTO texts (rowid, prompt, answer, subject)
                VALUES (new.id, fold(new.prompt), fold(new.answer), fold(new.subject));
        END
        """,
        """
        CREATE TRIGGER texts_of_changed AFTER UPDATE OF prompt, answer, subject ON facts BEGIN
            INSERT INTO texts (texts, rowid, prompt, answer, subject) VALUES
                ('delete', old.id, fold(old.prompt), fold(old.answer), fold(old.subject));
            INSERT INTO texts (rowid, prompt, answer, subject)
                VALUES (new.id, fold(new.prompt), fold(new.answer), fold(new.subject));
        END
        """,
        """
        CREATE TRIGGER texts_of_gone AFTER DELETE ON facts BEGIN
            INSERT INTO texts (texts, rowid, prompt, answer, subject) VALUES
                ('delete', old.id, fold(old.prompt), fold(old.answer), fold(old.subject));
        END
        """,
        """
        INSERT INTO texts (rowid, prompt, answer, subject)
            SELECT id, fold(prompt), fold(answer), fold(subject) FROM facts
        """,
    ),
    ("CREATE TABLE segments (name TEXT PRIMARY KEY) WITHOUT ROWID",),
)
