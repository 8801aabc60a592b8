import { attributesFile } from '../src/attributes-file.ts'
import type { AttributeRow, Figures, Row, Table, View } from '../src/figures.ts'

const FILE = 'figures.json'

/** The rows of each view, as objects. */
export type Views = { [Name in View]: Row<Name>[] }

export interface LoadedFigures
  extends Pick<Figures, 'madeAt' | 'since' | 'refreshSeconds' | 'uploadPages' | 'attributes'> {
  views: Views
}

/** The figures, and the images by attribute of the selected app, if one of its attributes is selected. */
export interface Reading extends LoadedFigures {
  byAttribute?: { app: string; rows: AttributeRow[] } | undefined
}

/** @throws Error with a message for users if the file cannot be loaded or has another format */
export function getFigures(): Promise<LoadedFigures> {
  return get(FILE, ({ views, ...figures }: Figures) => {
    const unpacked = Object.entries(views).map(([name, view]) => [name, unpack(view)])
    return { ...figures, views: Object.fromEntries(unpacked) }
  })
}

/** The images of an app by attribute. @throws Error as `getFigures` does */
export function getAttributeRows(app: string): Promise<AttributeRow[]> {
  return get(attributesFile(app), (table: Table) => unpack(table) as unknown as AttributeRow[])
}

async function get<Content, Result>(file: string, read: (content: Content) => Result): Promise<Result> {
  const response = await fetch(file, { cache: 'no-cache' }).catch(() => {
    throw new Error(`${file} could not be loaded. Check your connection and the server.`)
  })
  if (!response.ok) throw new Error(await messageOf(file, response))
  try {
    return read(await response.json())
  } catch {
    throw new Error(
      `${file} has an unexpected format. Write the page and its data again with the same command.`,
    )
  }
}

async function messageOf(file: string, response: Response): Promise<string> {
  if (response.status === 404 || response.status === 403) {
    return `${file} was not found next to this page. To write it, run: pnpm darkroom analytics --dashboard FOLDER`
  }
  const { detail } = await response.json().catch(() => ({}))
  return detail ?? `Loading ${file} returned ${response.status}.`
}

function unpack({ columns, rows }: Table) {
  return rows.map((values) => {
    const row: Record<string, string | number | null | undefined> = {}
    // Thousands of rows: Object.fromEntries takes three times as long.
    columns.forEach((column, n) => {
      row[column] = values[n]
    })
    return row
  })
}
