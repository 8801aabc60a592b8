import { logicalId } from './logical-id.ts'
import type { Settings } from './settings.ts'

/** The questions in Athena's editor, under "Saved queries", to be changed by whoever opens them. */
export function savedQueries({ queries }: Settings) {
  return Object.fromEntries(
    queries.map(({ name, title, sql }) => [
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
