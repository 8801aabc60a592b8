/**
 * Chances by name. The same seed and name always give the same number, whatever else happens in a history, so a history
 * that lost some of its steps (to find the shortest one that fails) keeps the rest of its interleaving.
 */
export interface Chance {
  /** From 0 (included) to 1 (excluded). */
  number(name: string): number
  /** True with this probability. */
  happens(name: string, probability: number): boolean
  /** A whole number from `min` to `max`, both included. */
  whole(name: string, min: number, max: number): number
  pick<Item>(name: string, items: readonly [Item, ...Item[]]): Item
}

export function chanceOf(seed: number): Chance {
  const number = (name: string) => scramble(fnv(name, seed)) / 2 ** 32
  const whole = (name: string, min: number, max: number) => min + Math.floor(number(name) * (max - min + 1))
  return {
    number,
    happens: (name, probability) => probability > 0 && number(name) < probability,
    whole,
    pick: (name, items) => items[whole(name, 0, items.length - 1)] ?? items[0],
  }
}

/** A short name for a long one. */
export function shorten(name: string): string {
  return scramble(fnv(name, 0)).toString(36)
}

/** FNV-1a, 32 bits. */
function fnv(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash
}

/** The finalizer of MurmurHash3: every bit of the input changes every bit of the output. */
function scramble(hash: number): number {
  let mixed = hash
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
