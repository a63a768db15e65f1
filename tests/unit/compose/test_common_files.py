"""Typical Compose files: supported keys are read, the others are reported precisely."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.evenkeel.mesh.plugins.module_utils.compose.parse import parse
from ansible_collections.evenkeel.mesh.plugins.module_utils.model.errors import ModelError

BLOG = """
version: "3.8"
services:
  db:
    image: mariadb:10.6.4-focal
    command: '--default-authentication-plugin=mysql_native_password'
    volumes:
      - db_data:/var/lib/mysql
    restart: always
    environment:
      - MYSQL_ROOT_PASSWORD=somewordpress
      - MYSQL_DATABASE=wordpress
    expose:
      - 3306
      - 33060
  wordpress:
    image: wordpress:latest
    depends_on: [db]
    volumes:
      - wp_data:/var/www/html
    ports:
      - 80:80
    restart: unless-stopped
    environment:
      WORDPRESS_DB_HOST: db
      WORDPRESS_DEBUG:
volumes:
  db_data:
  wp_data: {}
"""

VOTE = """
services:
  vote:
    build: {context: ./vote, target: dev}
    depends_on:
      redis:
        condition: service_healthy
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost"]
      interval: 15s
      timeout: 5s
      retries: 3
      start_period: 10s
    volumes:
      - ./vote:/usr/local/app
    ports:
      - "8080:80"
    networks:
      - front-tier
  redis:
    image: redis:alpine
    container_name: redis
    env_file: .env.redis
    ports: ["6379"]
networks:
  front-tier:
"""


def test_a_blog_with_its_database_is_parsed() -> None:
    blog = parse(yaml.safe_load(BLOG), "compose.yaml", {}, "blog")
    db, wordpress = blog.component("db"), blog.component("wordpress")
    assert [(port.number, port.protocol) for port in db.ports] == [(3306, "mysql"), (33060, "tcp")]
    assert (db.kind, db.command) == ("stateful", ("--default-authentication-plugin=mysql_native_password",))
    assert dict(wordpress.environment)["WORDPRESS_DEBUG"] == ""
    assert [component.name for component in blog.components] == ["db", "wordpress"]


def test_all_unsupported_keys_are_reported_at_once() -> None:
    with pytest.raises(ModelError) as refused:
        parse(yaml.safe_load(VOTE), "compose.yaml", {}, "vote")
    assert [problem.path for problem in refused.value.problems] == [
        "networks",
        "services.vote.networks",
        "services.redis.container_name",
        "services.redis.env_file",
        "services.redis.ports.0",
    ]
