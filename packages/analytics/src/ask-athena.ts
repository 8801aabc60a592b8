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
      const id = await startStatement(athena, where, sql)
      for (;;) {
        const { state, reason } = await stateOfStatement(athena, id)
        if (state === 'succeeded') return readResult(athena, id)
        if (state === 'failed') throw new Error(`The Athena query failed: ${reason}`)
        await pause(POLL_INTERVAL_MS)
      }
    },
  }
}

/** For what takes longer than its caller. @returns the id of the execution */
export async function startStatement(
  athena: AthenaClient,
  { database, workGroup }: AthenaDatabase,
  sql: string,
): Promise<string> {
  const { QueryExecutionId = '' } = await athena.send(
    new StartQueryExecutionCommand({
      QueryString: sql,
      WorkGroup: workGroup,
      QueryExecutionContext: { Database: database },
    }),
  )
  return QueryExecutionId
}

export interface StatementState {
  state: 'running' | 'succeeded' | 'failed'
  /** Why it failed, in Athena's words. */
  reason: string
}

export async function stateOfStatement(athena: AthenaClient, id: string): Promise<StatementState> {
  const { QueryExecution } = await athena.send(new GetQueryExecutionCommand({ QueryExecutionId: id }))
  const { State, StateChangeReason } = QueryExecution?.Status ?? {}
  const isFailed = State === 'FAILED' || State === 'CANCELLED'
  return {
    state: isFailed ? 'failed' : State === 'SUCCEEDED' ? 'succeeded' : 'running',
    reason: StateChangeReason ?? State ?? '',
  }
}

/** The first row of a SELECT's first page is its header. */
async function readResult(client: AthenaClient, QueryExecutionId: string): Promise<Table> {
  const rows: (string | null)[][] = []
  for await (const { ResultSet } of paginateGetQueryResults({ client }, { QueryExecutionId })) {
    for (const { Data = [] } of ResultSet?.Rows ?? [])
      rows.push(Data.map(({ VarCharValue }) => VarCharValue ?? null))
  }
  const [header = [], ...values] = rows
  return { columns: header.map(String), rows: values }
}
