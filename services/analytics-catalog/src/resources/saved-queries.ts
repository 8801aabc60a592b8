import { readQueries } from '@darkroom/analytics'
import { logicalId } from './logical-id.ts'

/** The questions in Athena's editor, under "Saved queries", to be changed by whoever opens them. */
export function savedQueries() {
  return Object.fromEntries(
    readQueries().map(({ name, title, sql }) => [
      logicalId(name, 'Query'),
      {
        Type: 'AWS::Athena::NamedQuery',
        Properties: {
          Name: name,
          Description: title,
          Database: { Ref: 'Database' },
          WorkGroup: { Ref: 'WorkGroup' },
          QueryString: sql,
        },
      },
    ]),
  )
}
