/** Names that are more than letters, digits and underscores have quotes; values of dimensions have single ones. */
const NAME = '(?:(\\w+)|"([^"]+)")'
const QUERY = new RegExp(
  `^SELECT (AVG|COUNT|MAX|MIN|SUM)\\(${NAME}\\) FROM ${NAME} WHERE ${NAME} = '([^']+)'$`,
)

/**
 * Reads a query of CloudWatch Metrics Insights that has one condition, and no groups, order and limit. No emulator runs such a query.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html
 * @throws Error if it is not such a query
 */
export function parseMetricsInsights(query: string) {
  const found = QUERY.exec(query)
  if (!found) throw new Error(`This is not a query of Metrics Insights: ${query}`)
  const [, statistic, metric, quotedMetric, namespace, quotedNamespace, key, quotedKey, value] = found
  return {
    statistic,
    metric: metric ?? quotedMetric,
    namespace: namespace ?? quotedNamespace,
    dimensions: { [String(key ?? quotedKey)]: value },
  }
}
