import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface Status {
  State: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED'
  StateChangeReason?: string
}

/** A server that responds as Athena's documentation describes, with rows and states that a test chooses for each statement. */
export async function startStandInAthena(
  rowsOf: (statement: string) => string[][],
  statusOf: (statement: string) => Status = () => ({ State: 'SUCCEEDED' }),
) {
  const statements: string[] = []
  const executions: object[] = []
  const started: string[] = []
  const statementOf = (id: string) => started[Number(id)] ?? ''
  const row = (values: string[]) => ({ Data: values.map((VarCharValue) => ({ VarCharValue })) })
  const server = createServer(async (request, response) => {
    const action = String(request.headers['x-amz-target']).replace('AmazonAthena.', '')
    const { QueryString = '', QueryExecutionId = '' } = JSON.parse(await text(request))
    if (QueryString !== '') statements.push(QueryString)
    const answers: Record<string, () => object> = {
      ListQueryExecutions: () => ({ QueryExecutionIds: executions.map((_, n) => `q-${n}`) }),
      BatchGetQueryExecution: () => ({ QueryExecutions: executions }),
      StartQueryExecution: () => ({ QueryExecutionId: String(started.push(QueryString) - 1) }),
      GetQueryExecution: () => ({ QueryExecution: { Status: statusOf(statementOf(QueryExecutionId)) } }),
      GetQueryResults: () => ({
        ResultSet: { Rows: [row(['header']), ...rowsOf(statementOf(QueryExecutionId)).map(row)] },
      }),
    }
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify(answers[action]?.()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** In the order in which they came. */
    statements,
    /** Earlier ones of the workgroup. */
    executions,
    stop: () => void server.close(),
  }
}
