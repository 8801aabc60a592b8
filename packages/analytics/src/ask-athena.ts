import { setTimeout as pause } from 'node:timers/promises'
import {
  type AthenaClient,
  GetQueryExecutionCommand,
  paginateGetQueryResults,
  StartQueryExecutionCommand,
} from '@aws-sdk/client-athena'
import type { Catalogue, Table } from './open-catalogue.ts'

const LOOK_EVERY = 500

export interface AthenaDatabase {
  database: string
  /** Says where results go, and how much a query may read. */
  workGroup: string
}

/** The catalogue of a stage on AWS, which answers like the one on this machine. */
export function askAthena(athena: AthenaClient, where: AthenaDatabase): Pick<Catalogue, 'query'> {
  return {
    async query(sql) {
      const { QueryExecutionId } = await athena.send(
        new StartQueryExecutionCommand({
          QueryString: sql,
          WorkGroup: where.workGroup,
          QueryExecutionContext: { Database: where.database },
        }),
      )
      await untilAnswered(athena, QueryExecutionId)
      return readAnswer(athena, QueryExecutionId)
    },
  }
}

/** @throws Error with Athena's words if it has no answer */
async function untilAnswered(athena: AthenaClient, QueryExecutionId: string | undefined): Promise<void> {
  for (;;) {
    const { QueryExecution } = await athena.send(new GetQueryExecutionCommand({ QueryExecutionId }))
    const { State, StateChangeReason } = QueryExecution?.Status ?? {}
    if (State === 'SUCCEEDED') return
    if (State === 'FAILED' || State === 'CANCELLED') {
      throw new Error(`Athena has no answer: ${StateChangeReason ?? State}`)
    }
    await pause(LOOK_EVERY)
  }
}

/** The first row of a SELECT's first page is its header. */
async function readAnswer(client: AthenaClient, QueryExecutionId: string | undefined): Promise<Table> {
  const rows: (string | null)[][] = []
  for await (const { ResultSet } of paginateGetQueryResults({ client }, { QueryExecutionId })) {
    for (const { Data = [] } of ResultSet?.Rows ?? [])
      rows.push(Data.map(({ VarCharValue }) => VarCharValue ?? null))
  }
  const [header = [], ...values] = rows
  return { columns: header.map(String), rows: values }
}
