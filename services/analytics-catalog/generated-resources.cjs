/**
 * The resources that follow from the schema of the documents and from the questions in SQL, for serverless.yml: it reads
 * no TypeScript by itself.
 */
module.exports = async ({ resolveVariable }) => {
  const { generatedResources } = await import('./src/resources/generated-resources.ts')
  const { readQueries } = await import('@darkroom/analytics')
  const { daysOf, readRetention } = await import('@darkroom/retention')
  const retention = readRetention(await resolveVariable('param:retentionFile'))
  return generatedResources({
    stage: await resolveVariable('sls:stage'),
    apps: await resolveVariable('param:apps'),
    mergeDays: Number(await resolveVariable('param:mergeDays')),
    metadataRetentionDays: retention.default.metadata,
    fewerRetentionDays: Object.fromEntries(
      Object.keys(retention.apps).map((app) => [app, daysOf(retention, app).metadata]),
    ),
    queries: readQueries(retention),
    snapshotRetentionDays: Number(await resolveVariable('param:snapshotRetentionDays')),
  })
}
