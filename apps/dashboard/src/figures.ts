import * as z from 'zod'

/** DuckDB and Athena both return large numbers as text, and null for a sum over no rows. */
const number = z.union([z.string(), z.number(), z.null()]).transform(Number).pipe(z.number().nonnegative())
const text = z.string()
const hour = text.nullable()

/**
 * The page's data: the columns it reads from each view. Rows are aggregated, so there are far fewer than images, but they
 * can still be summed by day and app.
 */
export const FIGURES = {
  images_by_hour: z.object({
    dt: text,
    /** `2026-11-25T14`, for yesterday and today only. */
    accepted_hour: hour,
    app: text,
    origin: text.nullable().transform((origin) => origin ?? 'unknown'),
    status: text,
    failure_type: text.nullable(),
    content_type: text.nullable(),
    images: number,
    original_bytes: number,
    variants_bytes: number,
  }),
  time_to_ready_histogram: z.object({
    dt: text,
    accepted_hour: hour,
    app: text,
    ready_ms: number,
    images: number,
  }),
  /** Images of a day by what became of them. */
  funnel: z.object({
    dt: text,
    app: text,
    attempted: number,
    refused: number,
    accepted: number,
    processed: number,
    erased: number,
  }),
  near_duplicates_by_day: z.object({ dt: text, app: text, images: number }),
  /** Dollars per thousand images. */
  estimated_cost: z.object({
    dt: text,
    app: text,
    images: number,
    lambda_dollars: number,
    request_dollars: number,
    storage_month_dollars: number,
  }),
}
export type View = keyof typeof FIGURES
export type Row<Name extends View> = z.infer<(typeof FIGURES)[Name]>

/**
 * The same counts of images by a declared attribute of their app. They are in a file for each app, which the page loads when one of its
 * attributes is selected.
 */
export const ATTRIBUTE_FIGURES = FIGURES.images_by_hour.extend({ attribute: text, value: text })
export type AttributeRow = z.infer<typeof ATTRIBUTE_FIGURES>

/** Rows as their values, in the order of `columns`. */
export interface Table {
  columns: string[]
  rows: (string | number | null)[][]
}

/** The file `figures.json`, next to the page. */
export interface Figures {
  /** When the data was read, ISO 8601. */
  madeAt: string
  /** The first day with data, `yyyy-mm-dd` in UTC. */
  since: string
  /** How often the page reloads the data. */
  refreshSeconds: number
  /** Pages to upload a first picture, linked while there are no images. */
  uploadPages: { name: string; url: string }[]
  views: Record<View, Table>
  /** By app: the names of its declared attributes that images have, and their values, the most frequent first. */
  attributes: Record<string, Record<string, string[]>>
}
