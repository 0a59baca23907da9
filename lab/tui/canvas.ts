/** A small raster of characters with tones, for what is drawn rather than written. */
import { span, type Line, type Span, type Tone } from './text.ts';

/** Characters by row and column; what lies outside is not drawn. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  readonly #cells: (Span | undefined)[];

  constructor(width: number, height: number) {
    this.width = Math.max(0, width);
    this.height = Math.max(0, height);
    this.#cells = Array.from<Span | undefined>({ length: this.width * this.height });
  }

  /** Whether nothing is drawn there, or it lies outside. */
  isFree(x: number, y: number): boolean {
    return this.#holds(x, y) && this.#cells[y * this.width + x] === undefined;
  }

  /** One character. */
  put(x: number, y: number, character: string, tone: Tone): void {
    if (this.#holds(x, y)) this.#cells[y * this.width + x] = { text: character, tone };
  }

  /** Text from there to the right. */
  write(x: number, y: number, text: string, tone: Tone): void {
    for (const [at, character] of Array.from(text).entries()) this.put(x + at, y, character, tone);
  }

  /** Its rows, neighbours of the same tone as one piece. */
  lines(): Line[] {
    return Array.from({ length: this.height }, (_, y) => {
      const joined: Span[] = [];
      for (let x = 0; x < this.width; x++) {
        const here = this.#cells[y * this.width + x] ?? span(' ');
        const last = joined.at(-1);
        if (last?.tone === here.tone) {
          joined[joined.length - 1] = span(last.text + here.text, here.tone);
        } else joined.push(here);
      }
      return joined;
    });
  }

  #holds(x: number, y: number): boolean {
    return x >= 0 && y >= 0 && x < this.width && y < this.height;
  }
}
