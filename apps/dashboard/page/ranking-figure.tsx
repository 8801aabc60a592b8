import type { RankedRow, Ranking } from './charts/chart.ts'

/** A table with a bar under each name. The table itself is the accessible text. */
export function RankingFigure({ ranking: { title, summary, columns, rows } }: { ranking: Ranking }) {
  return (
    <section class="chart" aria-label={title}>
      <h2>{title}</h2>
      <p>{summary}</p>
      {rows.length > 0 && (
        <table class="ranking">
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Line key={row.name} row={row} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

function Line({ row: { name, share, part, cells } }: { row: RankedRow }) {
  return (
    <tr>
      <th scope="row">
        {name}
        <span
          class={part === undefined ? 'bar' : 'bar pale'}
          style={{ '--share': share, '--part': part ?? 0 }}
        />
      </th>
      {cells.map((cell, n) => (
        <td key={n}>{cell}</td>
      ))}
    </tr>
  )
}
