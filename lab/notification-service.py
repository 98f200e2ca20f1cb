"""A desktop that shows notifications to nobody: prints each as a line of JSON, and clicks on what it is told to.

Commands on standard input: "click ID ACTION". On standard output: {"ready"}, {"shown"}, {"closed"}.
"""
import json
import sys

from gi.repository import Gio, GLib

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
INTERFACE = """<node><interface name="org.freedesktop.Notifications">
<method name="Notify">
  <arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
  <arg type="s" direction="in"/><arg type="as" direction="in"/><arg type="a{sv}" direction="in"/><arg type="i" direction="in"/>
  <arg type="u" direction="out"/>
</method>
<method name="CloseNotification"><arg type="u" direction="in"/></method>
<method name="GetCapabilities"><arg type="as" direction="out"/></method>
<method name="GetServerInformation">
  <arg type="s" direction="out"/><arg type="s" direction="out"/><arg type="s" direction="out"/><arg type="s" direction="out"/>
</method>
<signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
<signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal>
</interface></node>"""

shown = 0
bus = Gio.bus_get_sync(Gio.BusType.SESSION)


def say(**event):
    print(json.dumps(event), flush=True)


def signal(name, arguments):
    bus.emit_signal(None, PATH, NAME, name, arguments)


def called(_bus, _sender, _path, _interface, method, parameters, invocation):
    global shown
    if method == "Notify":
        shown += 1
        app, _replaces, icon, summary, body, actions, hints, _timeout = parameters.unpack()
        invocation.return_value(GLib.Variant("(u)", (shown,)))
        pid = hints.get("sender-pid")
        say(event="shown", id=shown, pid=pid, app=app, icon=icon, summary=summary, body=body, actions=actions, urgency=hints.get("urgency"))
    elif method == "CloseNotification":
        (closed,) = parameters.unpack()
        invocation.return_value(None)
        signal("NotificationClosed", GLib.Variant("(uu)", (closed, 3)))
        say(event="closed", id=closed)
    elif method == "GetCapabilities":
        invocation.return_value(GLib.Variant("(as)", (["actions", "body", "body-markup"],)))
    else:
        invocation.return_value(GLib.Variant("(ssss)", ("test", "mailkey", "1", "1.2")))


def commanded(_channel, _condition):
    words = sys.stdin.readline().split()
    if len(words) == 0:
        loop.quit()
        return False
    _click, number, action = words
    signal("ActionInvoked", GLib.Variant("(us)", (int(number), action)))
    signal("NotificationClosed", GLib.Variant("(uu)", (int(number), 2)))
    return True


bus.register_object(PATH, Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0], called, None, None)
GLib.io_add_watch(0, GLib.IO_IN | GLib.IO_HUP, commanded)
Gio.bus_own_name_on_connection(bus, NAME, 0, lambda *_: say(event="ready"), None)
loop = GLib.MainLoop()
loop.run()
