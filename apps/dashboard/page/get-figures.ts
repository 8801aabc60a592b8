import type { Figures, Row, View } from '../src/figures.ts'

const FILE = 'figures.json'

/** The rows of each view, as objects. */
export type Views = { [Name in View]: Row<Name>[] }

export interface Reading extends Pick<Figures, 'madeAt' | 'since' | 'refreshSeconds' | 'uploadPages'> {
  views: Views
}

/** @throws Error with a message for users if the file cannot be loaded or has another format */
export async function getFigures(): Promise<Reading> {
  const response = await fetch(FILE, { cache: 'no-cache' }).catch(() => {
    throw new Error(`${FILE} could not be loaded. Check your connection and the server.`)
  })
  if (!response.ok) throw new Error(await messageOf(response))
  try {
    const { views, ...figures }: Figures = await response.json()
    const unpacked = Object.entries(views).map(([name, view]) => [name, unpack(view)])
    return { ...figures, views: Object.fromEntries(unpacked) }
  } catch {
    throw new Error(
      `${FILE} has an unexpected format. Write the page and its data again with the same command.`,
    )
  }
}

async function messageOf(response: Response): Promise<string> {
  if (response.status === 404 || response.status === 403) {
    return `${FILE} was not found next to this page. To write it, run: pnpm darkroom analytics --dashboard FOLDER`
  }
  const { detail } = await response.json().catch(() => ({}))
  return detail ?? `Loading ${FILE} returned ${response.status}.`
}

function unpack({ columns, rows }: Figures['views'][View]) {
  return rows.map((values) => {
    const row: Record<string, string | number | null | undefined> = {}
    // Thousands of rows: Object.fromEntries takes three times as long.
    columns.forEach((column, n) => {
      row[column] = values[n]
    })
    return row
  })
}
