-- What became of one delivery is found without looking through all dead letters.

CREATE INDEX dead_letter_by_position ON dead_letter (subscription, position);
