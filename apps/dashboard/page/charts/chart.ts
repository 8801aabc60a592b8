import type { Views } from '../get-figures.ts'
import type { Selection } from '../selection.ts'
import type { Slots } from '../slots.ts'

/** The input of every chart: the rows of the selection. */
export interface Scene {
  views: Views
  selection: Selection
  /** ISO 8601. */
  now: string
}

interface Chart {
  title: string
  /** What the chart shows, in a sentence or two. */
  summary: string
}

/** Values over time, as stacked columns or as lines. */
export interface TimeChart extends Chart {
  kind: 'columns' | 'lines'
  slots: Slots
  series: Series[]
  formatValue: (value: number) => string
  /** Whether all values are whole numbers. */
  isInteger?: boolean
}

export interface Series {
  name: string
  /** A CSS custom property. */
  color: string
  /** One per slot; undefined where there is no value. */
  values: (number | undefined)[]
}

/** Named values, largest first. The first of `columns` is the name, the others are `cells`. */
export interface Ranking extends Chart {
  columns: string[]
  rows: RankedRow[]
}

export interface RankedRow {
  name: string
  /** The length of its bar, 0 to 1. */
  share: number
  /** Length of a second bar over the first, 0 to 1. */
  part?: number
  cells: string[]
}

const COLORS = ['--series-1', '--series-2', '--series-3', '--series-4', '--series-5', '--series-6']

/** The color of the nth series. The last one is for all other series together. */
export function colorOf(index: number): string {
  return COLORS[Math.min(index, COLORS.length - 1)] ?? ''
}

/** More series cannot be distinguished by color. */
export const MAX_SERIES = COLORS.length
