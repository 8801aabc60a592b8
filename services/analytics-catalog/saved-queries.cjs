const { readdirSync, readFileSync } = require('node:fs')
const { join } = require('node:path')

const folder = join(__dirname, '..', '..', 'packages', 'analytics', 'sql')

/**
 * The questions that analysts ask (packages/analytics/sql) as saved queries of the workgroup: they are in Athena's
 * editor under "Saved queries".
 */
module.exports = () => ({
  Resources: Object.fromEntries(readdirSync(folder).map((file) => [logicalId(file), savedQuery(file)])),
})

/** `time_to_ready.sql` → `TimeToReadyQuery` */
function logicalId(file) {
  const words = file.replace(/\.sql$/, '').split('_')
  return `${words.map((word) => word[0].toUpperCase() + word.slice(1)).join('')}Query`
}

function savedQuery(file) {
  const sql = readFileSync(join(folder, file), 'utf8')
  return {
    Type: 'AWS::Athena::NamedQuery',
    Properties: {
      Name: file.replace(/\.sql$/, ''),
      Description: /^-- (.+)$/m.exec(sql)[1],
      Database: { Ref: 'Database' },
      WorkGroup: { Ref: 'WorkGroup' },
      QueryString: sql,
    },
  }
}
