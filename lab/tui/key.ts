/** One key, as the rest of the UI knows it. */
import type { Key as InkKey } from 'ink';

/** A named key, or the character that was typed. */
export type Key =
  | {
      readonly name:
        | 'up'
        | 'down'
        | 'left'
        | 'right'
        | 'pageUp'
        | 'pageDown'
        | 'home'
        | 'end'
        | 'enter'
        | 'escape'
        | 'tab'
        | 'backTab'
        | 'backspace'
        | 'clear'
        | 'interrupt';
    }
  | { readonly name: 'character'; readonly text: string };

/** More than this in one go is no typing; the rest of a paste is dropped. */
const MAX_PASTED = 1000;

/** The keys in what ink hands over: pasted text and fast typing come as one piece. */
export function keysOf(input: string, key: InkKey): Key[] {
  const named = nameOf(input, key);
  if (named !== null) return [{ name: named }];
  if (key.ctrl || key.meta || key.super) return [];
  return Array.from(input.slice(0, MAX_PASTED)).flatMap((character): Key[] => {
    if (character === '\r' || character === '\n') return [{ name: 'enter' }];
    if (character === '\t') return [{ name: 'tab' }];
    return character >= ' ' ? [{ name: 'character', text: character }] : [];
  });
}

function nameOf(input: string, key: InkKey): Exclude<Key['name'], 'character'> | null {
  if (key.ctrl) {
    if (input === 'c') return 'interrupt';
    return input === 'u' ? 'clear' : null;
  }
  if (key.upArrow) return 'up';
  if (key.downArrow) return 'down';
  if (key.leftArrow) return 'left';
  if (key.rightArrow) return 'right';
  if (key.pageUp) return 'pageUp';
  if (key.pageDown) return 'pageDown';
  if (key.home) return 'home';
  if (key.end) return 'end';
  if (key.return) return 'enter';
  if (key.escape) return 'escape';
  if (key.tab) return key.shift ? 'backTab' : 'tab';
  return key.backspace || key.delete ? 'backspace' : null;
}
