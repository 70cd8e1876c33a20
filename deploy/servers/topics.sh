#!/bin/sh
# Makes the topics, inside Kafka's image: kafka-init in docker-compose.yml. Topics that are there stay as they are.
# Twelve partitions feed twelve workers directly; further ones take their jobs from the store.
set -eu
create() {
    "${KAFKA_BIN:-/opt/kafka/bin}/kafka-topics.sh" --bootstrap-server "${KAFKA_ADDRESS:-kafka:9092}" --create --if-not-exists "$@"
}
day=86400000 # milliseconds
create --topic nst.jobs --partitions 12 --replication-factor 1 --config "retention.ms=$((7 * day))"
create --topic nst.jobs.dlq --partitions 1 --replication-factor 1 --config "retention.ms=$((30 * day))"
