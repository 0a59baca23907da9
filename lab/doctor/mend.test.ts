import { expect, test } from 'vitest';
import type { Finding } from './examine.ts';
import { mendCommands } from './mend.ts';

function finding(name: string, part: Partial<Finding>): Finding {
  const level = 'missing';
  return {
    name,
    level,
    essential: false,
    found: '',
    meaning: '',
    mends: [],
    packages: [],
    ...part,
  };
}

test('packages are installed at once and first, and what is fine is not touched', () => {
  const commands = mendCommands([
    finding('engine', { mends: ['start engine'], packages: ['docker.io'] }),
    finding('fine', { level: 'ok', mends: ['rm everything'], packages: ['emacs'] }),
    finding('tools', { packages: ['iproute2', 'docker.io'], mends: ['start engine'] }),
  ]);
  expect(commands).toHaveLength(2);
  expect(commands[0]).toMatch(/apt-get update && .* docker\.io iproute2$/);
  expect(commands[1]).toBe('start engine');
  expect(mendCommands([finding('fine', { level: 'ok', mends: ['x'] })])).toEqual([]);
});
