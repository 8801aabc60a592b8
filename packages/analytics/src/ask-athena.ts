import { setTimeout as pause } from 'node:timers/promises'
import {
  type AthenaClient,
  GetQueryExecutionCommand,
  GetWorkGroupCommand,
  paginateGetQueryResults,
  StartQueryExecutionCommand,
} from '@aws-sdk/client-athena'

const POLL_INTERVAL_MS = 500

/** The rows that a statement returns. Values are text, as Athena and DuckDB's JSON write them, or null. */
export interface Table {
  columns: string[]
  rows: unknown[][]
}

/** The tables and views that analysts query: in Athena, or in DuckDB on this machine (tools/catalogue). */
export interface Catalogue {
  /** @throws Error with the engine's message if the statement is wrong */
  query(sql: string): Promise<Table>
}

export interface AthenaDatabase {
  database: string
  /** Sets where results are stored and how much a query may read. */
  workGroup: string
}

/** The names of database and workgroup are those of analytics-catalog. */
export function ofStage(stage: string): AthenaDatabase {
  // Athena allows no hyphens in the names of databases.
  return { database: `darkroom_${stage.replaceAll('-', '_')}`, workGroup: `darkroom-${stage}` }
}

/** The workgroup of merges: without a limit of bytes, and with metrics of its own. */
export function mergesOf(stage: string): AthenaDatabase {
  const { database, workGroup } = ofStage(stage)
  return { database, workGroup: `${workGroup}.merge` }
}

/** Where the results of queries are stored: `s3://bucket/prefix/`. */
export async function resultsOf(athena: AthenaClient, { workGroup }: AthenaDatabase): Promise<string> {
  const answer = await athena.send(new GetWorkGroupCommand({ WorkGroup: workGroup }))
  return answer.WorkGroup?.Configuration?.ResultConfiguration?.OutputLocation ?? ''
}

/** The catalogue of a stage on AWS. */
export function askAthena(athena: AthenaClient, where: AthenaDatabase): Catalogue {
  return {
    async query(sql) {
      const { QueryExecutionId } = await athena.send(
        new StartQueryExecutionCommand({
          QueryString: sql,
          WorkGroup: where.workGroup,
          QueryExecutionContext: { Database: where.database },
        }),
      )
      await waitForQuery(athena, QueryExecutionId)
      return readResult(athena, QueryExecutionId)
    },
  }
}

/** @throws Error with Athena's message if the query fails */
async function waitForQuery(athena: AthenaClient, QueryExecutionId: string | undefined): Promise<void> {
  for (;;) {
    const { QueryExecution } = await athena.send(new GetQueryExecutionCommand({ QueryExecutionId }))
    const { State, StateChangeReason } = QueryExecution?.Status ?? {}
    if (State === 'SUCCEEDED') return
    if (State === 'FAILED' || State === 'CANCELLED') {
      throw new Error(`The Athena query failed: ${StateChangeReason ?? State}`)
    }
    await pause(POLL_INTERVAL_MS)
  }
}

/** The first row of a SELECT's first page is its header. */
async function readResult(client: AthenaClient, QueryExecutionId: string | undefined): Promise<Table> {
  const rows: (string | null)[][] = []
  for await (const { ResultSet } of paginateGetQueryResults({ client }, { QueryExecutionId })) {
    for (const { Data = [] } of ResultSet?.Rows ?? [])
      rows.push(Data.map(({ VarCharValue }) => VarCharValue ?? null))
  }
  const [header = [], ...values] = rows
  return { columns: header.map(String), rows: values }
}
