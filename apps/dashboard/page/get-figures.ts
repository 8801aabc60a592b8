import type { Figures, Row, View } from '../src/figures.ts'

const FILE = 'figures.json'

/** The views as rows that can be read by column. */
export type Views = { [Name in View]: Row<Name>[] }

export interface Reading extends Pick<Figures, 'madeAt' | 'since' | 'refreshSeconds' | 'uploadPages'> {
  views: Views
}

/** @throws Error in words for people, if the figures are not there or are none */
export async function getFigures(): Promise<Reading> {
  const answer = await fetch(FILE, { cache: 'no-cache' }).catch(() => {
    throw new Error(`${FILE} cannot be reached. Is the server away, or are you offline?`)
  })
  if (!answer.ok) throw new Error(await reasonOf(answer))
  try {
    const { views, ...figures }: Figures = await answer.json()
    const unpacked = Object.entries(views).map(([name, view]) => [name, unpack(view)])
    return { ...figures, views: Object.fromEntries(unpacked) }
  } catch {
    throw new Error(`${FILE} is not what this page expects. Make page and figures anew, by the same command.`)
  }
}

async function reasonOf(answer: Response): Promise<string> {
  if (answer.status === 404 || answer.status === 403) {
    return `${FILE} is not beside this page. Write it with: pnpm darkroom analytics --dashboard FOLDER`
  }
  const { detail } = await answer.json().catch(() => ({}))
  return detail ?? `${FILE} answers ${answer.status}.`
}

function unpack({ columns, rows }: Figures['views'][View]) {
  return rows.map((row) => Object.fromEntries(columns.map((column, n) => [column, row[n]])))
}
