import * as z from 'zod'

/** DuckDB and Athena both write large numbers as text; a sum over nothing is null. */
const number = z.union([z.string(), z.number(), z.null()]).transform(Number).pipe(z.number().nonnegative())
const text = z.string()
const hour = text.nullable()

/**
 * What the page is made of: the columns that it reads of each of these views. Rows are fine enough to be added up to
 * any days and apps, and far fewer than images.
 */
export const FIGURES = {
  images_by_hour: z.object({
    dt: text,
    /** `2026-11-25T14`, of yesterday and today only. */
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

/** `figures.json`, which the page reads from beside itself. */
export interface Figures {
  /** When they were read, ISO 8601. */
  madeAt: string
  /** The first day that is in them, `yyyy-mm-dd` in UTC like all days. */
  since: string
  /** How often it is worth looking for newer ones. */
  refreshSeconds: number
  /** Where a first picture could be uploaded. */
  uploadPages: { name: string; url: string }[]
  /** The values of each row in the order of `columns`. */
  views: Record<View, { columns: string[]; rows: (string | number | null)[][] }>
}
