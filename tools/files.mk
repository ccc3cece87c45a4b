# SPDX-License-Identifier: Apache-2.0
# Each tool: its sources in NAME-y, its libraries in NAME-libs.
tools :=
