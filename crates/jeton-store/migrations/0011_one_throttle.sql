-- Wrong codes are counted where wrong passwords are: in `throttles`.
DROP TABLE factor_failures;
