/** Lines in a place of fixed size: the only thing that is ever given to ink to draw. */
import { Box, Text } from 'ink';
import { createElement as h } from 'react';
import type { ReactElement } from 'react';
import { paintLine, type Look } from './look.ts';
import { fit, type Line } from './text.ts';

interface Props {
  readonly lines: readonly Line[];
  readonly width: number;
  readonly height: number;
  readonly look: Look;
}

/** Exactly `height` lines of exactly `width` columns: what is too much is cut, the rest is empty. */
export function Lines({ lines, width, height, look }: Props): ReactElement {
  const rows = Array.from({ length: Math.max(0, height) }, (_, at) =>
    // A line each: ink keeps what it measured by its text, and most lines stay as they were.
    h(Text, { key: at, wrap: 'truncate-end' }, paintLine(fit(lines[at] ?? [], width), look)),
  );
  return h(
    Box,
    { flexDirection: 'column', width, height, flexShrink: 0, overflow: 'hidden' },
    rows,
  );
}
