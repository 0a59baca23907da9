/** The process's own log: one JSON object per line on stdout. Nothing secret is ever passed here. */
export const LEVELS = ['debug', 'info', 'warning', 'error'] as const;
export type Level = (typeof LEVELS)[number];
export type Log = (
  level: Level,
  event: string,
  details?: Readonly<Record<string, unknown>>,
) => void;

/** What `PEER_LOG_LEVEL` says; lines below it are not written. */
export function logLevel(text: string | undefined): Level {
  return LEVELS.find((level) => level === text) ?? 'info';
}

const least = LEVELS.indexOf(logLevel(process.env['PEER_LOG_LEVEL']));

/** `at` is true time, ISO 8601, whatever skew the peer's clock was given. */
export const logToStdout: Log = (level, event, details = {}) => {
  if (LEVELS.indexOf(level) < least) return;
  const line = JSON.stringify({ at: new Date().toISOString(), level, event, ...details });
  process.stdout.write(`${line}\n`);
};

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
