/** The process's own log: one JSON object per line on stdout. Nothing secret is ever passed here. */
export type Level = 'info' | 'warning' | 'error';
export type Log = (
  level: Level,
  event: string,
  details?: Readonly<Record<string, unknown>>,
) => void;

/** `at` is true time, ISO 8601, whatever skew the peer's clock was given. */
export const logToStdout: Log = (level, event, details = {}) => {
  const line = JSON.stringify({ at: new Date().toISOString(), level, event, ...details });
  process.stdout.write(`${line}\n`);
};

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
