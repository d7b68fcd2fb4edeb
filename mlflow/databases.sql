-- Two databases with an owner each: MLflow's tables (runs, models, users), and Optuna's records of
-- trials. Run by a superuser of PostgreSQL 15 or newer, once; a second run changes only passwords:
--
--   export SYMRAY_MLFLOW_PASSWORD=... SYMRAY_OPTUNA_PASSWORD=...
--   psql -X -v ON_ERROR_STOP=1 -f databases.sql postgres
\set ON_ERROR_STOP on
\set mlflow_password
\set optuna_password
\getenv mlflow_password SYMRAY_MLFLOW_PASSWORD
\getenv optuna_password SYMRAY_OPTUNA_PASSWORD
SELECT :'mlflow_password' = '' OR :'optuna_password' = '' AS missing \gset
\if :missing
  \set VERBOSITY terse
  DO $$ BEGIN
    RAISE 'set SYMRAY_MLFLOW_PASSWORD and SYMRAY_OPTUNA_PASSWORD first';
  END $$;
\endif

-- A statement that fails is logged with its text; these hold passwords.
SET log_min_error_statement = panic;
SET log_statement = none;

SELECT format('CREATE ROLE %I LOGIN', role)
FROM (VALUES ('mlflow'), ('symray')) AS wanted (role)
WHERE role NOT IN (SELECT rolname FROM pg_roles) \gexec
ALTER ROLE mlflow PASSWORD :'mlflow_password';
ALTER ROLE symray PASSWORD :'optuna_password';

SELECT format('CREATE DATABASE %I OWNER %I', role, role)
FROM (VALUES ('mlflow'), ('symray')) AS wanted (role)
WHERE role NOT IN (SELECT datname FROM pg_database) \gexec
REVOKE CONNECT ON DATABASE mlflow, symray FROM PUBLIC;
