"""Code of several languages as people lay it out, for what reads it."""

SCRIPT = r"""import x from "x";

/** A { comment. */
export async function load(a) {
  const inner = `}
} ${a.map((b) => `{${b}`)}
`;
  return /[{`]/.test(a);
}

export default class Page extends Base {
  static #count = 0;
  size = 3;
  handle = () => {
    return 1;
  };

  constructor(
    a,
    b,
  ) {
    super();
  }

  async draw() {
    const f = () => {
      return 1;
    };
  }

  get width() {
    return 1;
  }

  *walk() {}
}

const names = [
  1,
];
const one = 1;
export const add = (a, b) => a + b;
export const run = async (a) => {
  await a;
};
const chain = foo(
  1,
)
  .then((a) => {
    return a;
  })
  .catch(b);
const config = {
  port: 3,
  nested: {
    deep: 1,
  },
  start() {
    return 2;
  },
};
function* gen() {
  yield 1;
}
let late;
if (one) {
  function hidden() {
    return 1;
  }
}
module.exports.other = function () {
  return 1;
};
Page.prototype.old = function () {
  return 2;
};
for (let i = 0; i < 3; i++) {
  const loop = i;
}
const wide =
  // why
  foo ||
  bar;
export const View = memo(function View({ a }) {
  return <div onClick={() => a}>Don't {a}</div>;
});
"""
TYPED = r"""import { a } from "a";

@Component({
  selector: "x",
})
@Other
export class Thing<T>
  extends Base<T>
  implements Doer
{
  @Input() name: string;
  private readonly size?: number = 3;

  static go(a: string): Promise<void>;
  @Hook("x")
  static async go(a: number | string): Promise<void> {
    await a;
  }

}

export interface Options {
  width: number;
  draw(a: string): void;
  readonly deep?: {
    x: string;
  };
}
export type Union =
  | "a"
  | "b";
type Short = string;
type Shape = {
  x: number;
};
export enum Colour {
  Red,
}
export const enum Fast {
  A,
}
declare module "x" {
  export function inside(a: string): void;
}
namespace Space {
  export const within = 1;
}
export function over(a: string): void;
export function over(a: number): void;
export function over(a: unknown): void {
  return;
}
export const table = {
  a: 1,
} as const;
export const typed: Record<string, number> = {
  b: 2,
};
export abstract class Base {
  abstract run(): void;
}
export default {
  name: "x",
  data() {
    return {};
  },
};
"""
GO = r"""package main

import (
	"fmt"
)

// Server { serves.
type Server struct {
	port int
}

type (
	Small int
	Big   struct {
		a int
	}
)

const Limit = 3

const (
	A = iota
	B
	C, D = 1, `}
}`
)

var (
	table = map[string]int{
		"a": 1,
	}
	other int
)

var x, y = 1, 2

func (s *Server) Start(ctx context.Context,
	more int) error {
	f := func() {
	}
	return nil
}

func (l List[T]) Len() int { return 1 }

func Map[T any](a T) T {
	return a
}

type Doer interface {
	Do() error
}
"""
SHELL = r"""#!/usr/bin/env bash
set -e
PORT=8080
export NAME="two
lines }
"
readonly LIST=(
  a
  b
)
say() {
    printf '%s {\n' "$1"
    awk '{
    print
}' file
}
function serve
{
    say "serving ${PORT}" # }
}
short() { echo; }
write_config() {
    cat > x.json <<EOT
{
  "a": "don't"
}
EOT
}
if true; then
    nested() {
        echo 1
    }
fi
function dashed-name() {
  outer=1
} > log
where=$(cd "$(dirname "$0")" && pwd)
sub() (
    cd x
)
"""
DOCKERFILE = r"""# syntax=docker/dockerfile:1
ARG BASE=debian:12-slim
FROM --platform=linux/amd64 ${BASE} AS base
RUN <<END
FROM nowhere AS wrong
END
RUN psql -c "SELECT a \
FROM nothing AS wrong"

FROM base as Build # the tools
RUN true && \
    # why
    false

FROM scratch
COPY --from=build / /
"""
MAKE = r"""NAME := lamp
FLAGS = -a \
	-b
export KIND ?= x

.PHONY: all
all: build test

build test: $(NAME).c
	cc $(FLAGS)

	strip it
%.o: %.c
	cc -c
"""
TOML = r"""top = 1

[project]
name = "lamp" # its name
parts = [
  "a",
]

[[tool.lamps]]
text = '''
[not.a.table]
'''
"""
YAML = r"""# Services.
services:
  web:
    image: lamp:1
    command: |
      key: no
    ports:
      - "80:80"
      - name: x
        port: 1

  other:
    image: oil
version: "3"
"""
RUST = r"""use std::fmt;

const LIMIT: usize = 3;

/// A lamp {
#[derive(Debug)]
pub struct Lamp {
    oil: usize,
}

impl Lamp {
    pub fn new() -> Self {
        let _a = '{';
        Self { oil: 0 }
    }
}

impl<'a> fmt::Display for Flame<'a> {
    fn fmt(&self) -> String {
        "}".into()
    }
}

pub(crate) async fn light<T>(
    lamp: &T,
) -> usize {
    1
}

macro_rules! glow {
    () => {};
}
"""
C = r"""#include <stdio.h>
#define LIMIT 3
#define MANY(a) \
    (a)

struct lamp {
    int oil;
};

static int burn(struct lamp *lamp);

static int
burn_all(void)
{
    return '{';
}

__global__ void kernel(float *a, int n) {
    if (n) {
        burn(a);
    }
}

int Lamp::fill(int oil)
{
    return 1;
}
"""
