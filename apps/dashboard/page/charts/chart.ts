import type { Views } from '../get-figures.ts'
import type { Selection } from '../selection.ts'
import type { Slots } from '../slots.ts'

/** What a chart is made from: the rows of the selection. */
export interface Scene {
  views: Views
  selection: Selection
  /** ISO 8601. */
  now: string
}

interface Chart {
  title: string
  /** The chart in a sentence or two. */
  words: string
}

/** Values over time, as stacked columns or as lines. */
export interface TimeChart extends Chart {
  kind: 'columns' | 'lines'
  slots: Slots
  series: Series[]
  inWords: (value: number) => string
  /** Whether there is nothing between 1 and 2. */
  whole?: boolean
}

export interface Series {
  name: string
  /** A custom property of the style sheet. */
  colour: string
  /** One for each slot; nothing where there is nothing to tell. */
  values: (number | undefined)[]
}

/** Named values, the largest first; the last of `columns` belong to `cells`. */
export interface Ranking extends Chart {
  columns: string[]
  rows: RankedRow[]
}

export interface RankedRow {
  name: string
  /** The length of its bar, 0 to 1. */
  share: number
  /** Of a second bar over the first. */
  part?: number
  cells: string[]
}

const COLOURS = ['--series-1', '--series-2', '--series-3', '--series-4', '--series-5', '--series-6']

/** The colour of the nth series; the last is for all others together. */
export function colourOf(index: number): string {
  return COLOURS[Math.min(index, COLOURS.length - 1)] ?? ''
}

/** As many series as can be told apart by colour. */
export const MOST_SERIES = COLOURS.length
